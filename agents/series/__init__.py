"""Forecasters of asynchronous series as a kind of learner: config, presets, data, evaluation."""
