"""Curves between a condition and harm, in plain arrays: bases, penalties, lags, thresholds and their doubt."""
