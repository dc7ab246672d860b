"""`python -m simulator --config venues.toml`: simulated venues until SIGTERM or Ctrl-C.

Prints one JSON line when they are ready. Exit codes are those of sysexits.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from simulator.config import Config, read_config
from simulator.control import ControlError
from simulator.engine import EngineError, StoreError
from simulator.instruments import PricesError
from simulator.journal import JournalError
from simulator.program import PortTakenError, Program, StateInUseError
from simulator.sample import SAMPLE_PORT, sample_config
from simulator.tables import ConfigError

_EXIT_BY_CAUSE: dict[type[Exception], int] = {
    ConfigError: 78,
    ControlError: 78,
    PricesError: 65,
    JournalError: 65,
    StoreError: 65,
    PortTakenError: 69,
    EngineError: 69,
    StateInUseError: 75,
    OSError: 74,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and say in one sentence what went wrong."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if options.config is not None:
            return _run(read_config(options.config))
        with tempfile.TemporaryDirectory(prefix="venues-") as directory:
            return _run(sample_config(Path(directory), options.port))
    except tuple(_EXIT_BY_CAUSE) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return next(code for cause, code in _EXIT_BY_CAUSE.items() if isinstance(error, cause))


def _run(config: Config) -> int:
    program = Program(config)  # After it: quickfix has reset SIGINT when it was imported.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: program.stop())
    try:
        sys.stdout.write(json.dumps(program.start()) + "\n")
        sys.stdout.flush()
        program.run()
    finally:
        program.close()
    return 0


class _Parser(argparse.ArgumentParser):
    """Bad usage is 64, as in sysexits."""

    def error(self, message: str) -> None:  # type: ignore[override]  # It does not return.
        self.print_usage(sys.stderr)
        sys.stderr.write(f"simulator: {message}\n")
        raise SystemExit(64)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m simulator",
        description="Simulated FIX 4.4 venues.",
        epilog="Example: python -m simulator --sample --port 5001",
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
    return parser


def _leave(code: int) -> NoReturn:
    """End without the interpreter's farewell, which the engine's threads do not survive."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
