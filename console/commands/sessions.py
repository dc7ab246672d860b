"""`trimtab sessions`: each FIX session, its sequence numbers, and how far booking is behind."""

import argparse

from console.doors import open_config, running_service
from console.options import add_json
from console.printing import Column, number, print_json, print_table
from domain.errors import ExitCode
from domain.ports import SessionKind, SessionState


def gate(state: SessionState) -> str:
    """Whether new orders may be sent; a drop copy takes none."""
    if state.kind is SessionKind.DROP_COPY:
        return ""
    return "open" if state.gate_open else "shut"


COLUMNS = (
    Column[SessionState]("VENUE", lambda state: state.venue),
    Column[SessionState]("SESSION", lambda state: state.session),
    Column[SessionState]("KIND", lambda state: state.kind.value.replace("_", " ")),
    Column[SessionState]("LOGGED ON", lambda state: "yes" if state.logged_on else "no"),
    Column[SessionState]("GATE", gate),
    Column[SessionState]("NEXT OUT", lambda state: number(state.next_sender), number=True),
    Column[SessionState]("NEXT IN", lambda state: number(state.next_target), number=True),
    Column[SessionState]("DURABLE", lambda state: number(state.durable_target), number=True),
    Column[SessionState]("BEHIND", lambda state: number(behind(state)), number=True),
    Column[SessionState]("QUEUE", lambda state: number(state.queue_depth), number=True),
    Column[SessionState]("IN DOUBT", lambda state: number(state.in_doubt), number=True),
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    sessions = running_service(open_config(arguments.config)).sessions()
    if arguments.json:
        print_json(sessions)
    else:
        print_table(COLUMNS, sessions, "no FIX sessions; [[venue]] tables make them")
    return ExitCode.OK


def behind(state: SessionState) -> int:
    """Messages that came in and are not committed yet.

    Off the session the engine counts refusals of its logon, which are not booked.
    """
    if not (state.logged_on or state.queue_depth):
        return 0
    return max(0, state.next_target - 1 - state.durable_target)
