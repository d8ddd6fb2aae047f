"""Effects of several studies pooled: how far they agree, what they say together, and where a new one would lie."""
