"""Repeat visits to the same facilities: whether the problem is there, against whether a visit records it."""
