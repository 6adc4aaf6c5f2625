"""What commands do once their flags are parsed, one module a command; these may load what takes time."""
