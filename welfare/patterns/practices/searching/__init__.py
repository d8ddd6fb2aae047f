"""The search itself: cells of conditions, what chance does, every subset or an ascent, one finding after another."""
