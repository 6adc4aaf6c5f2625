"""What commands share on the terminal: progress, tables, notes."""
