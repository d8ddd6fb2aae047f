"""A random intercept per group, in plain arrays: the likelihood integrated over it, and its maximum."""
