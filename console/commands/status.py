"""`trimtab status`: the running service, its sessions and halts."""

import argparse

from console.commands.halt import words
from console.commands.sessions import COLUMNS
from console.doors import open_config, running_service
from console.options import add_json
from console.printing import print_json, print_lines, print_table, when
from domain.errors import ExitCode


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
