"""`trimtab halt`: the kill switch. No new order in its scope is sent, until it is lifted."""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import print_json, print_lines
from domain.errors import BadInputError, ExitCode
from domain.kills import Scope


def add_scope(parser: argparse.ArgumentParser) -> None:
    """`firm`, `account NAME`, `strategy NAME` or `venue NAME`."""
    parser.add_argument("scope", choices=tuple(Scope))
    help_ = "the account, the strategy (an account's model) or the venue"
    parser.add_argument("name", nargs="?", default="", help=help_)


def scope_of(arguments: argparse.Namespace) -> tuple[str, str]:
    """Scope and name; raises `BadInputError` when one does not go with the other."""
    if arguments.scope == Scope.FIRM and arguments.name:
        raise BadInputError(f"a firm-wide switch takes no name, but {arguments.name!r} was given")
    if arguments.scope != Scope.FIRM and not arguments.name:
        raise BadInputError(f"say which {arguments.scope}")
    return arguments.scope, arguments.name


def words(scope: str, name: str) -> str:
    """The scope in words: "the firm", "venue XSIM"."""
    return "the firm" if scope == Scope.FIRM else f"{scope} {name}"


def configure(parser: argparse.ArgumentParser) -> None:
    add_scope(parser)
    add_by(parser)
    add_why(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    scope, name = scope_of(arguments)
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    with changer(open_config(arguments.config)) as service:
        kill = service.halt(scope, name, by, why)
    if arguments.json:
        print_json(kill)
    else:
        halted = f"{words(scope, name)} is halted: no new order is sent, open ones are taken back"
        print_lines([halted])
    return ExitCode.OK
