"""`trimtab replace`: ask the venue for another quantity, limit or stop price.

More shares than were approved need `--raise`, and a second person: the rules are asked about the
larger order, and so are the accounts' cash and shares.
"""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.order_options import above_zero
from console.printing import print_json, print_lines
from console.service_port import Changing, NewTerms, Telling
from domain.errors import BadInputError, ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", metavar="ORDER", help="any ClOrdID that it had")
    parser.add_argument("--quantity", type=above_zero, help="its new OrderQty, fills included")
    parser.add_argument("--limit", type=above_zero, help="its new limit, in dollars")
    parser.add_argument("--stop", type=above_zero, help="its new stop price, in dollars")
    more = parser.add_mutually_exclusive_group()
    more.add_argument(
        "--raise",
        dest="more",
        action="store_true",
        help="more than was approved is meant; a second person must agree",
    )
    more.add_argument(
        "--agree", action="store_true", help="agree, as a second person, to what was asked for"
    )
    add_by(parser)
    add_why(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by = person(arguments.by)
    terms = NewTerms(quantity=arguments.quantity, limit=arguments.limit, stop=arguments.stop)
    if arguments.agree and terms != NewTerms():
        raise BadInputError("--agree is to what the first person asked for: leave the terms out")
    why = "" if arguments.agree else sentence(arguments.why, "--why")
    with changer(open_config(arguments.config)) as service:
        if arguments.agree or arguments.more:
            return _raise(service, arguments, terms, by, why)
        order = service.replace(arguments.order, terms, by, why)
    if arguments.json:
        print_json(order)
    else:
        line = (
            f"{order.venue} is asked to change {order.cl_ord_id}; "
            "until it answers the order stands as it was"
        )
        print_lines([line])
    return ExitCode.OK


def _raise(
    service: Changing, arguments: argparse.Namespace, terms: NewTerms, by: str, why: str
) -> int:
    telling: Telling
    if arguments.agree:
        telling = service.agree_raise(arguments.order, by)
    else:
        telling = service.propose_raise(arguments.order, terms, by, why)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK
