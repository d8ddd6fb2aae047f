"""The numbers written down themselves: rounded ones, and zeros that no model of counts expects."""
