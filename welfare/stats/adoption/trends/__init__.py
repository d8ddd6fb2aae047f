"""Whether units moved alike before, how far they may differ after, and treatments that never were."""
