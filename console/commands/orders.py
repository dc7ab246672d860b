"""`trimtab orders`: orders, newest first."""

import argparse

from console.doors import open_config, reader
from console.options import add_json, positive
from console.printing import Column, number, price, print_json, print_table
from console.service_port import OrderLine, OrderQuery
from domain.errors import ExitCode

COLUMNS = (
    Column[OrderLine]("ORDER", lambda order: order.cl_ord_id),
    Column[OrderLine]("VENUE", lambda order: order.venue),
    Column[OrderLine]("SIDE", lambda order: order.side),
    Column[OrderLine]("SYMBOL", lambda order: order.symbol),
    Column[OrderLine]("QUANTITY", lambda order: number(order.order_qty), number=True),
    Column[OrderLine]("LIMIT", lambda order: price(order.limit_price), number=True),
    Column[OrderLine]("FILLED", lambda order: number(order.cum_qty), number=True),
    Column[OrderLine]("AVERAGE", lambda order: price(order.avg_px), number=True),
    Column[OrderLine]("STATUS", lambda order: order.status + (" ?" if order.in_doubt else "")),
    Column[OrderLine]("ACCOUNTS", lambda order: number(len(order.account_ids)), number=True),
    Column[OrderLine]("NOTE", lambda order: order.reason),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="RUN", help='of one run ("last" for the newest)')
    parser.add_argument("--account", metavar="ACCOUNT", help="with a share for this account")
    parser.add_argument("--symbol", metavar="SYMBOL", help="of one symbol")
    parser.add_argument("--open", action="store_true", help="only those that may still fill")
    parser.add_argument("--limit", type=positive, default=200, help="how many (default 200)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    query = OrderQuery(
        run=arguments.run,
        account_id=arguments.account,
        symbol=arguments.symbol,
        open_only=arguments.open,
        limit=arguments.limit,
    )
    with reader(open_config(arguments.config)) as service:
        orders = service.orders(query)
    if arguments.json:
        print_json(orders)
    else:
        print_table(COLUMNS, orders, "no such order; `trimtab runs` shows what ran")
    return ExitCode.OK
