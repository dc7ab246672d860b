"""`trimtab stop`: ask the running service for an orderly stop."""

import argparse

from console.doors import open_config, running_service
from console.options import add_by, person
from console.printing import print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    add_by(parser, required=False)


def run(arguments: argparse.Namespace) -> int:
    running_service(open_config(arguments.config)).stop(person(arguments.by))
    print_lines(["the service is stopping"])
    return ExitCode.OK
