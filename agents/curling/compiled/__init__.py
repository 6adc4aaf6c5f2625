"""The compiled parts of curling for the search; apart, so that other changes do not compile them anew."""
