"""Shots as a search moves among them, and players that search."""
