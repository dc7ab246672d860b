"""`trimtab status`: the running service, its sessions and halts."""

import argparse

from console.commands.halt import words
from console.doors import open_config, running_service
from console.options import add_json
from console.printing import Column, number, print_json, print_lines, print_table, when
from domain.errors import ExitCode
from domain.ports import SessionState

COLUMNS = (
    Column[SessionState]("VENUE", lambda state: state.venue),
    Column[SessionState]("SESSION", lambda state: state.session),
    Column[SessionState]("LOGGED ON", lambda state: "yes" if state.logged_on else "no"),
    Column[SessionState]("GATE", lambda state: "open" if state.gate_open else "shut"),
    Column[SessionState]("NEXT OUT", lambda state: number(state.next_sender), number=True),
    Column[SessionState]("NEXT IN", lambda state: number(state.next_target), number=True),
    Column[SessionState]("DURABLE", lambda state: number(state.durable_target), number=True),
    Column[SessionState]("QUEUE", lambda state: number(state.queue_depth), number=True),
    Column[SessionState]("IN DOUBT", lambda state: number(state.in_doubt), number=True),
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    health = running_service(open_config(arguments.config)).health()
    if arguments.json:
        print_json(health)
        return ExitCode.OK
    print_lines(
        [
            f"trimtab {health.version}, instance {health.holder}, process {health.pid}",
            f"since {when(health.started_at)}, now {when(health.now)}",
            f"open runs {health.open_runs}, orders {health.open_orders}, doubts {health.in_doubt}",
        ]
    )
    print_lines(
        f"HALTED: {words(kill.scope, kill.name)} by {kill.by} since {when(kill.set_at)}: {kill.why}"
        for kill in health.kills
    )
    print_table(COLUMNS, health.sessions, "no FIX sessions")
    return ExitCode.OK
