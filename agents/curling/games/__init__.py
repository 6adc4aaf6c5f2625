"""Games played, kept and counted."""
