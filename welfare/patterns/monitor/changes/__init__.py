"""When the level changed: where a series is best cut, how surely, and how far the level moved."""
