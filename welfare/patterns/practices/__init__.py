"""Which combinations of conditions, and which words of inspectors, harm gathers under."""
