"""`trimtab rebuild`: write what stands anew from the facts, where they say something else."""

import argparse

from console.doors import open_config, opening
from console.log import log_to_stderr
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    add_by(parser)
    add_why(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    log_to_stderr()
    mended: tuple[str, ...] = opening().rebuild_projections(
        open_config(arguments.config), by=by, why=why
    )
    if arguments.json:
        print_json({"mended": mended})
    else:
        print_lines(mended or ["everything stands as its facts say; nothing was changed"])
    return ExitCode.OK
