"""Who looked, and on what occasion: what inspection itself changes in the record."""
