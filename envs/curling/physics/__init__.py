"""The physics of curling stones: ice, paths, contacts, deliveries and their noise."""
