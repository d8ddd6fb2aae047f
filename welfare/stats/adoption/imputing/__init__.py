"""Treated rows against what untreated rows predict of them."""
