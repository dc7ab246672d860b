"""`python -m tests.fuzz --minutes M`: attack after attack, each by a seed of its own.

Ends with 0 when no attack broke anything; else it prints the seed, and what does not hold.
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.attack import talk_nonsense, violations
from tests.fuzz.target import Target
from vault import migrate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="the first one; default: a new one")
    parser.add_argument("--reports", type=int, default=500, help="of each attack")
    arguments = parser.parse_args()
    first = secrets.randbits(31) if arguments.seed is None else arguments.seed
    end, seed = time.monotonic() + 60 * arguments.minutes, first
    while time.monotonic() < end:
        if found := attack(seed, arguments.reports):
            sys.stderr.write("\n".join((f"seed {seed}:", *found)) + "\n")
            return 1
        seed += 1
    sys.stdout.write(f"{seed - first} attacks of {arguments.reports} reports, from seed {first}\n")
    return 0


def attack(seed: int, reports: int) -> tuple[str, ...]:
    """What one attack broke, sentence by sentence."""
    with tempfile.TemporaryDirectory(prefix="trimtab-fuzz-") as name:
        url = f"sqlite:///{name}/trimtab.db"
        migrate.upgrade(url)
        with Target(Path(name), url) as target:
            found = tuple(violations(target, talk_nonsense(target, seed, reports)))
            target.require_sound()
    return found


if __name__ == "__main__":
    sys.exit(main())
