"""`python -m simulator --config venues.toml`: simulated venues until SIGTERM or Ctrl-C.

Prints one JSON line when they are ready. Exit codes are those of sysexits.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simulator.exchange.prices import PricesError
from simulator.fix.dictionary import DictionaryError
from simulator.market.recorded import RecordedDayError
from simulator.running.config import Config, read_config
from simulator.running.control import ControlError
from simulator.running.journal import JournalError
from simulator.running.opening import StateInUseError
from simulator.running.program import PortTakenError, Program
from simulator.running.sample import SAMPLE_PORT, sample_config
from simulator.running.secrets_file import SecretError
from simulator.running.tables import ConfigError
from simulator.scenarios.reading import ScriptError

_EXIT_BY_CAUSE: dict[type[Exception], int] = {
    ConfigError: 78,
    ControlError: 78,
    SecretError: 78,
    PricesError: 65,
    RecordedDayError: 65,
    ScriptError: 65,
    JournalError: 65,
    DictionaryError: 69,
    PortTakenError: 69,
    StateInUseError: 75,
    OSError: 74,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and say in one sentence what went wrong."""
    options = _parser().parse_args(arguments)
    try:
        if options.config is not None:
            config = read_config(options.config)
            if options.scenario:
                venues = tuple(replace(one, scenario=options.scenario) for one in config.venues)
                config = replace(config, venues=venues)
            return _run(config)
        with tempfile.TemporaryDirectory(prefix="venues-") as directory:
            return _run(sample_config(Path(directory), options.port, scenario=options.scenario))
    except tuple(_EXIT_BY_CAUSE) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return next(code for cause, code in _EXIT_BY_CAUSE.items() if isinstance(error, cause))


def _run(config: Config) -> int:
    Program(config).run(_say)
    return 0


def _say(ready: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """Bad usage is 64, as in sysexits."""

    def error(self, message: str) -> None:  # type: ignore[override]  # It does not return.
        self.print_usage(sys.stderr)
        sys.stderr.write(f"simulator: {message}\n")
        raise SystemExit(64)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m simulator",
        description="Simulated FIX venues: exchanges, dark pools, brokers.",
        epilog="Example: python -m simulator --sample --port 5001",
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, metavar="FILE", help="venues to run (venues.toml)")
    what.add_argument(
        "--sample",
        action="store_true",
        help="an open test venue XSIM for CLIENT1 to CLIENT9; nothing is kept",
    )
    parser.add_argument(
        "--port", type=int, default=SAMPLE_PORT, help="FIX port of --sample (default %(default)s)"
    )
    parser.add_argument(
        "--scenario",
        default="",
        metavar="ID",
        help="let every order play this order state change (D13, D.1.a, ...): docs/scenarios.md",
    )
    return parser
