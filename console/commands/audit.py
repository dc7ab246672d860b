"""`trimtab audit verify|export`: the hash chain of every decision."""

import argparse
import sys
from pathlib import Path

from console.doors import open_config, reader
from console.options import add_json
from console.printing import print_json, print_lines
from console.service_port import AuditVerdict
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=("verify", "export"),
        help="verify: find any edit, deletion or cut; export: JSON lines to standard output",
    )
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="verify this export instead of the database",
    )
    parser.add_argument(
        "--anchor",
        type=Path,
        metavar="FILE",
        help="with --export: the copy of the anchor file that was made with it (default: ours)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.action == "export":
        return _export(arguments)
    verdict = _verify(arguments)
    if arguments.json:
        print_json(verdict)
    else:
        state = "holds" if verdict.verified else "DOES NOT HOLD"
        print_lines([f"the audit trail {state}: {verdict.message}"])
    return ExitCode.OK if verdict.verified else ExitCode.CHECK_FAILED


def _export(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        sys.stdout.writelines(line.rstrip("\n") + "\n" for line in service.audit_export())
    return ExitCode.OK


def _verify(arguments: argparse.Namespace) -> AuditVerdict:
    config = open_config(arguments.config)
    if arguments.export is None:
        with reader(config) as service:
            return service.audit_verify()
    from console.exported_audit import verify_exported  # noqa: PLC0415 - it brings the vault

    return verify_exported(arguments.export, arguments.anchor or config.files.anchor)
