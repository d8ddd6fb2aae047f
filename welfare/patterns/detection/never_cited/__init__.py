"""Facilities cited once and twice, and what they say of those never cited."""
