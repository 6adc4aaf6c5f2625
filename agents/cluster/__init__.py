"""Games on many machines, by Ray: the same work in workers of a cluster as in processes of this machine."""
