"""A week against the same weeks of past years: what they lead to expect, and how far beyond it a count lies."""
