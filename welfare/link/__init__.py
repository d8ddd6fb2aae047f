"""Which records are the same place: exact numbers first, then names and addresses, and people's decisions over all."""
