"""What is found by other choices: every specification, other denominators, controls that should show nothing."""
