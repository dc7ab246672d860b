"""`trimtab demo`: the whole loop on the bundled book."""

import argparse
import importlib
from pathlib import Path

from console.options import add_json


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir",
        metavar="DIR",
        help="put everything there and keep it (default: a temporary folder, removed afterwards)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    directory = Path(arguments.dir).absolute() if arguments.dir else None
    demo = importlib.import_module("console.demo")
    return int(demo.run_demo(directory, as_json=arguments.json))
