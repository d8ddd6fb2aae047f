"""The static two-way estimate, and what it is an average of."""
