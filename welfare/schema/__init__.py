"""The vocabulary: columns, tables, codes, provenance, units, and what every result has in common."""
