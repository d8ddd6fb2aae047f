"""What a practice saves, what it costs others, who bears it, and where the answer flips."""
