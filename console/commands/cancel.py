"""`trimtab cancel`: take an order back, or ask the venue to."""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import print_json, print_lines
from domain.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", metavar="ORDER", help="any ClOrdID that it had")
    add_by(parser)
    add_why(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    with changer(open_config(arguments.config)) as service:
        order = service.cancel(arguments.order, by, why)
    if arguments.json:
        print_json(order)
    elif order.status == "unsent":
        print_lines([f"{order.cl_ord_id} was not sent yet and never will be"])
    else:
        print_lines(
            [f"{order.venue} is asked to cancel {order.cl_ord_id}; until it answers it may fill"]
        )
    return ExitCode.OK
