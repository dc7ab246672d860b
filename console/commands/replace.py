"""`trimtab replace`: ask the venue for another quantity, limit or stop price."""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.order_options import above_zero
from console.printing import print_json, print_lines
from console.service_port import NewTerms
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", metavar="ORDER", help="any ClOrdID that it had")
    parser.add_argument("--quantity", type=above_zero, help="its new OrderQty, fills included")
    parser.add_argument("--limit", type=above_zero, help="its new limit, in dollars")
    parser.add_argument("--stop", type=above_zero, help="its new stop price, in dollars")
    add_by(parser)
    add_why(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    terms = NewTerms(quantity=arguments.quantity, limit=arguments.limit, stop=arguments.stop)
    with changer(open_config(arguments.config)) as service:
        order = service.replace(arguments.order, terms, by, why)
    if arguments.json:
        print_json(order)
    else:
        print_lines(
            [
                (
                    f"{order.venue} is asked to change {order.cl_ord_id}; "
                    "until it answers the order stands as it was"
                )
            ]
        )
    return ExitCode.OK
