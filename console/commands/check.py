"""`trimtab check`: everything that must hold before start."""

import argparse

from console.doors import before_start, open_config
from console.options import add_json
from console.printing import Column, print_json, print_table
from console.service_port import CheckLine
from domain.errors import ExitCode

COLUMNS = (
    Column[CheckLine]("", lambda line: "ok" if line.ok else "NO"),
    Column[CheckLine]("CHECK", lambda line: line.name),
    Column[CheckLine]("FOUND", lambda line: line.message),
    Column[CheckLine]("REMEDY", lambda line: line.remedy),
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    lines: tuple[CheckLine, ...] = before_start().check(open_config(arguments.config))
    if arguments.json:
        print_json(lines)
    else:
        print_table(COLUMNS, lines, "nothing to check")
    return ExitCode.OK if all(line.ok for line in lines) else ExitCode.CHECK_FAILED
