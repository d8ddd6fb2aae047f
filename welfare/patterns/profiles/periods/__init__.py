"""Facilities in successive periods: does an excess last, and which facility changed more than chance has it."""
