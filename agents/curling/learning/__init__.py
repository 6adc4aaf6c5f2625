"""From teachers and from self-play: pairs, learners, and the gate."""
