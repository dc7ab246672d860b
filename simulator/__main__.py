"""`python -m simulator`: see `simulator.running.main`."""

import sys

from simulator.running.main import main

if __name__ == "__main__":
    sys.exit(main())
