"""Files as they are: rows of text, JSON, the original lines, and what in them tells of a person."""
