"""`python -m welfare` is the command line."""

import sys

from welfare.cli import main

if __name__ == "__main__":
    sys.exit(main())
