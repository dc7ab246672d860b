"""`trimtab demo`: the whole loop on the bundled book."""

import argparse
import importlib
import signal
import sys
from typing import NoReturn

from console.options import add_json, folder

_SIGNALLED = 128  # Plus the signal's number, as a shell reports it.


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir",
        metavar="DIR",
        type=folder,
        help="put everything there and keep it (default: a temporary folder, removed afterwards)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    demo = importlib.import_module("console.demo")
    return int(demo.run_demo(arguments.dir, as_json=arguments.json))


def _end(number: int, _frame: object) -> NoReturn:
    """Through the demo's own exits, so that the processes it started end with it."""
    sys.exit(_SIGNALLED + number)
