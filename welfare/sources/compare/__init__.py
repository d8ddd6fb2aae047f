"""Two vintages of a source: what appeared, vanished, was renamed or rewritten."""
