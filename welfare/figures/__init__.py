"""Figures: a plain frame in, matplotlib axes out; the only room that imports matplotlib."""
