"""Games over the network: our players at Digital Curling 3 servers, other programs at ours."""
