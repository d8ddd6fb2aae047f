"""Charts that add up what is known so far: how each period moves them, where their limits lie, how often they err."""
