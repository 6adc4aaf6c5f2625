"""What `run.py bench` measures: one module a suite."""
