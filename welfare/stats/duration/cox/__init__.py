"""A Cox model as asked: its design, fit, checks, words and result."""
