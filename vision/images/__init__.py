"""Image data, augmentation, residual networks, regularizers, classifiers and encoders."""
