"""`python -m tests.simulation --seeds 1000` plays histories; `--seed 7` plays one again."""

import argparse
import json
import os
import sys
import time

from tests.simulation.many import play_all
from tests.simulation.plants import PLANTS
from tests.simulation.seeds import Outcome

_SHOWN = 40  # Last lines of a failed history.


def main() -> int:
    """0 when everything held, 1 when something did not."""
    options = _options()
    one = options.seed is not None
    first, count = (options.seed, 1) if one else (options.first, options.seeds)
    began = time.monotonic()
    events = violations = 0
    for outcome in play_all(
        first, count, workers=1 if one else options.workers, plant=options.plant, tell=one
    ):
        events += outcome.events
        violations += bool(outcome.violation)
        if one or outcome.violation:
            _show(outcome, whole=one)
    seconds = time.monotonic() - began
    if options.json:
        found = {"seeds": count, "events": events, "violations": violations}
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write(f"{events:,} events in {seconds:.1f} s\n")
        sys.stdout.write(f"seeds: {count - violations} passed, {violations} failed\n")
    return 1 if violations else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one again, and show all of it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--plant", default="", choices=["", *PLANTS], help="with this bug")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _show(outcome: Outcome, *, whole: bool) -> None:
    lines = outcome.trace if whole else outcome.trace[-_SHOWN:]
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.write(
        f"seed {outcome.seed}: {outcome.violation or 'everything held'}\n"
        f"again with: python -m tests.simulation --seed {outcome.seed}\n"
    )


if __name__ == "__main__":
    if "PYTHONHASHSEED" not in os.environ:  # Sets of texts have an order of their own otherwise.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    sys.exit(main())
