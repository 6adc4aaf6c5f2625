"""Pictures of what a run measured."""
