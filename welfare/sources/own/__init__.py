"""A file of one's own: a mapping written in YAML, and a first draft of it."""
