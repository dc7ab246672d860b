"""`trimtab ingest`: read files; each is taken whole or refused whole."""

import argparse
from pathlib import Path

from console.doors import changer, open_config
from console.options import add_by, add_json, person
from console.printing import Column, number, print_json, print_lines, print_table
from console.service_port import IngestLine
from domain.errors import ExitCode, MissingError

COLUMNS = (
    Column[IngestLine]("FILE", lambda line: line.file),
    Column[IngestLine]("OUTCOME", lambda line: line.outcome),
    Column[IngestLine]("ROWS", lambda line: number(line.rows), number=True),
    Column[IngestLine]("PROBLEMS", lambda line: number(len(line.problems)), number=True),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, or folders of files")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="let a corrected file take the place of one with the same name and date",
    )
    add_by(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    paths = [Path(path) for path in arguments.paths]
    if missing := [path for path in paths if not path.exists()]:
        raise MissingError(f"there is no {missing[0]}; nothing was read")
    with changer(open_config(arguments.config)) as service:
        lines = service.ingest(paths, person(arguments.by), replace=arguments.replace)
    if not lines:
        raise MissingError(f"there is no file in {', '.join(arguments.paths)}; nothing was read")
    if arguments.json:
        print_json(lines)
    else:
        print_table(COLUMNS, lines, "")
        print_lines(_problems(lines))
        print_lines([note for line in lines for note in line.notes])
    return ExitCode.BAD_DATA if any(line.problems for line in lines) else ExitCode.OK


def _problems(lines: tuple[IngestLine, ...]) -> list[str]:
    return [
        " ".join(
            [
                f"{line.file}:{problem.line}:" if problem.line else line.file,
                *([problem.field] if problem.field else []),
                *([repr(problem.value)] if problem.value else []),
                problem.message,
            ]
        )
        for line in lines
        for problem in line.problems
    ]
