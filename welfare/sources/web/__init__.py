"""Files fetched from their publishers' addresses."""
