"""Players that need no learning, and what they believe of a board."""
