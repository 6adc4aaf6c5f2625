"""Networks whose interactions are read, as a kind of learner."""
