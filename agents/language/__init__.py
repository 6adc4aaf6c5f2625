"""Language models as a kind of learner."""
