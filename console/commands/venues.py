"""`trimtab venues`: the simulated venues, a program of their own."""

import argparse
import os
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "trimtab venues [SIMULATOR ARGUMENTS]"
    parser.description = (
        "Run the simulated venues; the same as `python -m simulator`. Without arguments: "
        "--config venues.toml beside the configuration."
    )


def run(arguments: argparse.Namespace) -> int:
    given = arguments.arguments or ["--config", str(arguments.config.parent / "venues.toml")]
    command = [sys.executable, "-m", "simulator", *given]
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell
