"""Exposure and response: how the rate of harm moves along a condition, by spline, threshold and lag."""
