"""From a formula and a frame to the numbers a model is fitted to, every row left out named with its reason."""
