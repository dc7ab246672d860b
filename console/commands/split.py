"""`trimtab split`: after a corporate action each OLD shares are NEW shares, by two persons.

Every account's position and lots are multiplied, and nothing else changes: not what they cost,
not since when they are held. Book it in the morning of its day, before anything trades.
"""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, day, person, sentence
from console.printing import print_json, print_lines
from console.service_port import SplitWish
from domain.errors import BadInputError, ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYMBOL")
    parser.add_argument(
        "ratio", metavar="NEW:OLD", nargs="?", type=_ratio, help="2:1: two for each one held"
    )
    parser.add_argument(
        "--on", metavar="DAY", type=day, required=True, help="the first day that trades in new ones"
    )
    parser.add_argument(
        "--agree", action="store_true", help="agree, as a second person, to what was said"
    )
    add_by(parser)
    add_why(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by = person(arguments.by)
    if arguments.agree == (arguments.ratio is not None):
        raise BadInputError("say either NEW:OLD, as the first person, or --agree as the second")
    with changer(open_config(arguments.config)) as service:
        if arguments.agree:
            telling = service.agree_split(arguments.symbol, arguments.on, by)
        else:
            why = sentence(arguments.why, "--why")
            new, old = arguments.ratio
            wish = SplitWish(symbol=arguments.symbol, new=new, old=old, day=arguments.on)
            telling = service.propose_split(wish, by, why)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK


def _ratio(text: str) -> tuple[int, int]:
    new, colon, old = text.partition(":")
    numbers = [int(one) for one in (new, old) if one.isascii() and one.isdigit() and len(one) < 6]
    if not colon or len(numbers) != 2:
        raise argparse.ArgumentTypeError(f"must be NEW:OLD, such as 2:1, not {text!r}")
    return numbers[0], numbers[1]
