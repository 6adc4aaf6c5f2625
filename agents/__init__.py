"""Things that act and learn to act, and the runs that train anything."""
