"""`python -m deskmeter` is the command line."""

import sys

from deskmeter.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
