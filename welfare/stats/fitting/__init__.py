"""Maximum likelihood, in plain arrays: what a count model is fitted with, and nothing that knows of frames."""
