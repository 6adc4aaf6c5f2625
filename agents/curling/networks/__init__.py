"""What a network sees of a position, and the networks."""
