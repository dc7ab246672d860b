"""`trimtab test`: the test suite of a source checkout."""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from domain.errors import MissingError

_MOST_WORKERS = 4
_CHECKOUT = Path(__file__).resolve().parents[2]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "trimtab test [PYTEST ARGUMENTS]"


def run(arguments: argparse.Namespace) -> int:
    if not (_CHECKOUT / "tests").is_dir():
        raise MissingError("the tests are part of the source checkout; run ./trimtab test there")
    if importlib.util.find_spec("pytest") is None or importlib.util.find_spec("xdist") is None:
        raise MissingError("the test tools are not installed; run ./trimtab test in the checkout")
    given: list[str] = arguments.arguments
    return subprocess.call(  # noqa: S603 - our own interpreter, arguments of the person who runs it
        [sys.executable, "-m", "pytest", *_spread(given), *given], cwd=_CHECKOUT
    )


def _spread(given: list[str]) -> list[str]:
    """One worker per core, a file's tests on one worker, unless the caller says otherwise."""
    if any(argument.startswith(("-n", "--numprocesses", "--dist", "--pdb")) for argument in given):
        return []
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    return ["-n", str(workers), "--dist", "loadfile"]
