"""Agency file to tidy table: recognise, read as text, map. A new agency is registry rows and a column map."""
