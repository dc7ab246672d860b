"""`trimtab positions`: what the ledger says each account holds."""

import argparse

from console.doors import open_config, reader
from console.options import add_json
from console.printing import Column, money, number, price, print_json, print_table
from console.service_port import PositionLine
from domain.errors import ExitCode

COLUMNS = (
    Column[PositionLine]("ACCOUNT", lambda line: line.account_id),
    Column[PositionLine]("SYMBOL", lambda line: line.symbol),
    Column[PositionLine]("QUANTITY", lambda line: number(line.quantity), number=True),
    Column[PositionLine]("LOTS", lambda line: number(line.lots or None), number=True),
    Column[PositionLine]("BASIS", lambda line: money(line.basis), number=True),
    Column[PositionLine]("PRICE", lambda line: price(line.price), number=True),
    Column[PositionLine]("VALUE", lambda line: money(line.market_value), number=True),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", metavar="ACCOUNT", help="only this account")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        positions = service.positions(arguments.account)
    if arguments.json:
        print_json(positions)
    else:
        empty = "the ledger is empty; `trimtab ingest PATH` and a first run open it"
        print_table(COLUMNS, positions, empty)
    return ExitCode.OK
