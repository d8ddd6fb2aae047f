"""What a change adopted at different dates did: estimators on plain arrays, each of which a referee can check alone."""
