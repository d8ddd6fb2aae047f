"""What is found without one place, source or study."""
