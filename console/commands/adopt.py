"""`trimtab adopt`: an order that a venue has and we did not send becomes ours, by two persons.

An order by telephone is reported without a ClOrdID of ours: its fills are booked at once, to
nobody, with the alarm `unknown_order`. One person says whose it is, a second one agrees; then
it goes on like any other order.
"""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.order_options import account_part
from console.printing import print_json, print_lines
from domain.errors import BadInputError, ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "order", metavar="ORDER", help="the ClOrdID that the venue names, or VENUE/ORDERID"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--account",
        dest="parts",
        metavar="NAME=SHARES",
        action="append",
        type=account_part,
        help="an account, and how many of the order's shares it gets; once for each",
    )
    what.add_argument(
        "--agree", action="store_true", help="agree, as a second person, to what was said"
    )
    parser.add_argument(
        "--run", default="last", metavar="RUN", help="whose mandates count (default: last)"
    )
    add_by(parser)
    add_why(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by = person(arguments.by)
    if not arguments.agree and not arguments.why.strip():
        raise BadInputError("--account needs --why: who gave the order, to whom, and when")
    with changer(open_config(arguments.config)) as service:
        if arguments.agree:
            telling = service.agree_adoption(arguments.order, by)
        else:
            why = sentence(arguments.why, "--why")
            telling = service.propose_adoption(
                arguments.order, tuple(arguments.parts), arguments.run, by, why
            )
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK
