"""How much harm inspection does not see."""
