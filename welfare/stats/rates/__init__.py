"""Events per unit of exposure: rates, comparisons of two, standardised rates, and proportions."""
