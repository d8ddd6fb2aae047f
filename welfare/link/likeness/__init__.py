"""How alike two records are without a shared number: spelling, candidates, comparison, score."""
