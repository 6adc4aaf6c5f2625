"""Visual reinforcement learning with imagined goals, its baselines and its measurements."""
