"""`trimtab lots`: the open tax lots of an account, by the names that an order may sell them by."""

import argparse

from console.doors import open_config, reader
from console.options import add_json
from console.printing import Column, money, number, print_json, print_table
from console.service_port import LotLine
from domain.errors import ExitCode

COLUMNS = (
    Column[LotLine]("ACCOUNT", lambda line: line.account_id),
    Column[LotLine]("SYMBOL", lambda line: line.symbol),
    Column[LotLine]("LOT", lambda line: line.lot_id),
    Column[LotLine]("SHARES", lambda line: number(line.quantity), number=True),
    Column[LotLine]("NAMED", lambda line: number(line.named or None), number=True),
    Column[LotLine]("BASIS", lambda line: money(line.basis), number=True),
    Column[LotLine]("ACQUIRED", lambda line: f"{line.acquired}"),
    Column[LotLine]("TERM", lambda line: line.term),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", metavar="ACCOUNT", help="only this account")
    parser.add_argument("--symbol", metavar="SYMBOL", help="only this security")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        found = service.lots(arguments.account)
    lots = [line for line in found if arguments.symbol in (None, line.symbol)]
    if arguments.json:
        print_json(lots)
    else:
        print_table(COLUMNS, lots, "no such lot is open; `trimtab positions` shows what is held")
    return ExitCode.OK
