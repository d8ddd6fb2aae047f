"""One row per facility and period: what was collected about it, and null where nothing was."""
