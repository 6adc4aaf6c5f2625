"""Curling: the sheet, the ice, the stones, the rules, and the environments around them."""
