"""Models with a link, in plain arrays: columns, distributions, the maximum, and what each row adds to it."""
