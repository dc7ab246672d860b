"""`trimtab approve`: a second person lets a run go on."""

import argparse
from datetime import date

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, day, person, sentence
from console.printing import print_json, print_lines
from console.service_port import OverrideRequest
from domain.errors import BadInputError, ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help='the run\'s id, a part of it, or "last"')
    add_by(parser)
    add_why(parser, required=False)
    parser.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="RULE:ACCOUNT=WHY",
        help="let an overridable breach pass, with the reason (may be repeated)",
    )
    parser.add_argument(
        "--until",
        type=day,
        metavar="DATE",
        help="let the overrides count in later runs too, up to this day (default: this run only)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    overrides = [override_of(text, arguments.until) for text in arguments.override]
    if arguments.until is not None and not overrides:
        raise BadInputError("--until says how long an --override counts, and there is none")
    by = person(arguments.by)
    why = sentence(arguments.why, "--why") if arguments.why else ""
    with changer(open_config(arguments.config)) as service:
        approval = service.approve(arguments.run, by, why, overrides)
    if arguments.json:
        print_json(approval)
    else:
        what = f"basket {(approval.released_hash or approval.content_hash)[:12]}"
        print_lines([f"run {approval.run_id.hex} is approved by {by} ({what})"])
    return ExitCode.OK


def override_of(text: str, until: date | None = None) -> OverrideRequest:
    """RULE:ACCOUNT=WHY; raises `BadInputError` when a part is missing."""
    target, _, why = text.partition("=")
    rule_id, _, account_id = target.partition(":")
    if not (rule_id and account_id and why.strip()):
        raise BadInputError(f"--override must be RULE:ACCOUNT=WHY, not {text!r}")
    return OverrideRequest(
        rule_id=rule_id,
        account_id=account_id,
        why=sentence(why, "the reason of --override"),
        until=until,
    )
