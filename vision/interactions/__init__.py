"""Statistical interactions read from the weights of fitted networks."""
