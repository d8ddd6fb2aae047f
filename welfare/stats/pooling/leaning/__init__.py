"""Which studies a pool leans on, and whether small ones lean one way."""
