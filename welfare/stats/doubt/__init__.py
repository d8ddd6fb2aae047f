"""How far chance could have moved estimates: sandwich errors, corrections for few clusters, the bootstrap."""
