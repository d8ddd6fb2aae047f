"""How far a finding hangs on what was not measured, and on choices that could have been made otherwise."""
