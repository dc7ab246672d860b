"""`trimtab audit verify|export`: the hash chain of every decision."""

import argparse
import sys

from console.doors import open_config, reader
from console.options import add_json
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=("verify", "export"),
        help="verify: find any edit, deletion or cut; export: JSON lines to standard output",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        if arguments.action == "export":
            sys.stdout.writelines(line.rstrip("\n") + "\n" for line in service.audit_export())
            return ExitCode.OK
        verdict = service.audit_verify()
    if arguments.json:
        print_json(verdict)
    else:
        state = "holds" if verdict.verified else "DOES NOT HOLD"
        print_lines([f"the audit trail {state}: {verdict.message}"])
    return ExitCode.OK if verdict.verified else ExitCode.CHECK_FAILED
