"""The messages of Digital Curling 3."""
