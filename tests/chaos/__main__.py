"""`python -m tests.chaos --kills N`: kill real processes under load, then compare three witnesses.

Ends with 0 when nothing was lost, nothing happened twice and nothing is unexplained. A trial
that fails keeps its folder and says where; `--seed` makes the same choices again, though the
moments are the machine's.
"""

import argparse
import json
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import run
from tests.chaos.trial import Outcome, TrialFailedError


def main() -> int:
    arguments = _parser().parse_args()
    seed = secrets.randbits(31) if arguments.seed is None else arguments.seed
    directory = Path(tempfile.mkdtemp(prefix="trimtab-chaos-"))
    _tell(f"seed {seed}, folder {directory}")
    try:
        outcome = run(
            arguments.kills,
            arguments.database,
            seed,
            directory,
            _tell,
            minutes=arguments.minutes,
        )
    except TrialFailedError as error:
        _tell(f"FAILED with seed {seed}, see {directory}: {error}")
        return 1
    for sentence in (*outcome.resolved_by_persons, *outcome.verdict.sentences):
        _tell(sentence)
    sys.stdout.write((json.dumps(outcome.document()) if arguments.json else _words(outcome)) + "\n")
    if not outcome.holds:
        _tell(f"FAILED with seed {seed}, see {directory}")
        return 1
    shutil.rmtree(directory)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    parser.add_argument(
        "--database",
        default="sqlite",
        metavar="URL",
        help="sqlite; postgres, which is started here and killed too; or the URL of an empty"
        " PostgreSQL database (default: sqlite)",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=0,
        metavar="M",
        help="of load without a kill afterwards; shows the service's memory (default: 0)",
    )
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--json", action="store_true", help="the result as one line of JSON")
    return parser


def _words(outcome: Outcome) -> str:
    return "\n".join(
        f"{key.replace('_', ' ')}: {value}" for key, value in outcome.document().items()
    )


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
