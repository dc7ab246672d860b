"""The new venues, until `python -m simulator` runs them."""

import sys

from simulator.running.main import main

if __name__ == "__main__":
    sys.exit(main())
