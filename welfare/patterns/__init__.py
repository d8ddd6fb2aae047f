"""What no single inspector can see: facilities against their peers, and harm that gathers in places."""
