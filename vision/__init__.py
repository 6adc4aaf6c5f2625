"""Networks fitted to data, and tools that read them."""
