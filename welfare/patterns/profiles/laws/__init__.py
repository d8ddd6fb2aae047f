"""The laws of counts and of shares: what chance and ordinary differences do to each, and how true ratios are spread."""
