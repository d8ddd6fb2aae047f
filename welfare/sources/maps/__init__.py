"""How a column map is followed: from cells to columns, rows and tables."""
