"""`trimtab approvals`: runs that wait for a second person."""

import argparse

from console.doors import open_config, reader
from console.options import add_json
from console.printing import Column, print_json, print_lines, print_table, when
from domain.errors import ExitCode
from domain.runs import Approval

COLUMNS = (
    Column[Approval]("RUN", lambda approval: approval.run_id.hex),
    Column[Approval]("SINCE", lambda approval: when(approval.requested_at)),
    Column[Approval]("ASKED BY", lambda approval: approval.requested_by),
    Column[Approval]("WHY", lambda approval: approval.why),
)


NEXT = (
    "look at one: trimtab runs RUN, trimtab proposed RUN; decide: trimtab approve RUN --by YOU "
    "or trimtab reject RUN --by YOU --why WHY"
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        approvals = service.approvals()
    if arguments.json:
        print_json(approvals)
    else:
        print_table(COLUMNS, approvals, "nothing waits for approval")
        if approvals:
            print_lines([NEXT])
    return ExitCode.OK
