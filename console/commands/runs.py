"""`trimtab runs`: the latest runs, or one with everything that came of it."""

import argparse

from console.commands.breaks import COLUMNS as BREAK_COLUMNS
from console.commands.orders import COLUMNS as ORDER_COLUMNS
from console.doors import open_config, reader
from console.options import add_json, positive
from console.printing import Column, print_json, print_lines, print_table, when
from console.service_port import RunDetail
from domain.compliance import CheckResult
from domain.errors import ExitCode
from domain.runs import Approval, Run

COLUMNS = (
    Column[Run]("RUN", lambda run: run.run_id.hex),
    Column[Run]("TRIGGER", lambda run: run.trigger),
    Column[Run]("DUE", lambda run: when(run.due)),
    Column[Run]("STATUS", lambda run: run.status.value),
    Column[Run]("WHY", lambda run: run.why),
)
CHECK_COLUMNS = (
    Column[CheckResult]("RULE", lambda check: check.rule_id),
    Column[CheckResult]("FORCE", lambda check: check.force.value),
    Column[CheckResult]("SUBJECT", lambda check: check.subject),
    Column[CheckResult]("VERDICT", lambda check: check.verdict.value),
    Column[CheckResult]("WHAT", lambda check: check.sentence),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", help='a run\'s id, a part of it, or "last"')
    parser.add_argument("--limit", type=positive, default=20, help="how many (default 20)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        if arguments.run:
            detail = service.run(arguments.run)
            (print_json if arguments.json else _show)(detail)
            return ExitCode.OK
        runs = service.runs(arguments.limit)
    if arguments.json:
        print_json(runs)
    else:
        print_table(COLUMNS, runs, "no run yet; start one with `trimtab trigger NAME`")
    return ExitCode.OK


def _show(detail: RunDetail) -> None:
    print_lines(_facts(detail))
    print_table(ORDER_COLUMNS, detail.orders, "no orders")
    if detail.not_passed:
        print_table(CHECK_COLUMNS, detail.not_passed, "")
    if detail.left_out:
        print_lines(["", "left out", *(f"  {why}" for why in detail.left_out)])
    if detail.breaks:
        print_table(BREAK_COLUMNS, detail.breaks, "")


def _facts(detail: RunDetail) -> list[str]:
    run = detail.run
    lines = [
        f"run       {run.run_id.hex}",
        f"trigger   {run.trigger}: {run.why}",
        f"status    {run.status.value}" + (f": {run.error}" if run.error else ""),
        f"due       {when(run.due)}",
        f"ran       {when(run.started_at)} to {when(run.finished_at)}",
        f"snapshot  {run.snapshot_id or '-'}",
        f"steps     {', '.join(detail.steps) or '-'}",
    ]
    if detail.approval is not None:
        approval = detail.approval
        lines.append(f"approval  {_decision(approval)}")
        lines.append(f"asked     {when(approval.requested_at)}: {approval.why}")
    return lines


def _decision(approval: Approval) -> str:
    words = approval.status.value
    if approval.decided_by:
        words += f" by {approval.decided_by}"
    return f"{words}: {approval.decision_reason}" if approval.decision_reason else words
