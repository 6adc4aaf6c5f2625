"""Curling as Gymnasium and PettingZoo environments: spaces, tasks, rewards."""
