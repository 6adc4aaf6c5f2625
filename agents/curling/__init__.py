"""Players of curling."""
