"""How much an unmeasured cause would have to do to undo a finding."""
