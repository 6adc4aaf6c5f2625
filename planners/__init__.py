"""Search: kernel-regression tree search over opaque batched simulators and evaluators."""
