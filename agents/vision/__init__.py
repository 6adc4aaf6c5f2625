"""Image classifiers as a kind of learner: config, presets, building, evaluation."""
