"""Residual and other convolutional networks, built from one kind of block."""
