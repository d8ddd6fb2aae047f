"""Words that mark findings: counted by finding, kept only where they name nobody, and tested against chance."""
