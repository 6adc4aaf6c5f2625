"""The rules of curling as pure functions: turns, fouls, positioned stones, scores."""
