"""`trimtab orders`: orders, newest first; or each as it changes."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from console.clocks import SystemClock
from console.config import Config
from console.doors import open_config, reader
from console.options import add_json, positive
from console.printing import Column, number, price, print_json, print_table
from console.service_port import OrderLine, OrderQuery
from console.terminal import escaped
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

_LOOK_EVERY_SECONDS = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="RUN", help='of one run ("last" for the newest)')
    parser.add_argument("--account", metavar="ACCOUNT", help="with a share for this account")
    parser.add_argument("--symbol", metavar="SYMBOL", help="of one symbol")
    parser.add_argument("--open", action="store_true", help="only those that may still fill")
    parser.add_argument("--limit", type=positive, default=200, help="how many (default 200)")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on: a line whenever an order changes"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    query = OrderQuery(
        run=arguments.run,
        account_id=arguments.account,
        symbol=arguments.symbol,
        open_only=arguments.open,
        limit=arguments.limit,
    )
    config = open_config(arguments.config)
    if arguments.follow:
        return _follow(config, query, as_json=arguments.json)
    with reader(config) as service:
        orders = service.orders(query)
    if arguments.json:
        print_json(orders)
    else:
        print_table(COLUMNS, orders, _none(query))
    return ExitCode.OK


def _none(query: OrderQuery) -> str:
    """What is said when there is nothing to list."""
    asked = (query.run, query.account_id, query.symbol)
    if query.open_only or any(asked):
        return "no order is like that; `trimtab orders` lists all"
    return "no order yet; `trimtab runs` shows what ran"


def _follow(config: Config, query: OrderQuery, *, as_json: bool) -> int:
    """A line for each order that changed since the last look, until Ctrl-C."""

    def look(query: OrderQuery) -> Sequence[OrderLine]:
        with reader(config) as service:
            return service.orders(query)

    for orders in looks(look, query):
        seen = SystemClock().now()
        for order in orders:
            if as_json:
                print_json(order)
            else:
                sys.stdout.write(f"{seen:%H:%M:%S} {escaped(line_of(order))}\n")
        sys.stdout.flush()
        time.sleep(_LOOK_EVERY_SECONDS)
    return ExitCode.OK


def looks(
    look: Callable[[OrderQuery], Sequence[OrderLine]], query: OrderQuery
) -> Iterator[tuple[OrderLine, ...]]:
    """What each look finds changed; of orders that were open their end, too."""
    known: dict[str, OrderLine] = {}
    if query.open_only:
        still_open = {order.cl_ord_id for order in look(query)}
        query = replace(query, open_only=False)
        known = {one.cl_ord_id: one for one in look(query) if one.cl_ord_id not in still_open}
    while True:
        yield tuple(changed(known, look(query)))


def changed(known: dict[str, OrderLine], orders: Sequence[OrderLine]) -> Iterator[OrderLine]:
    """Those that are not as `known` has them, oldest first; `known` is brought up to date."""
    for order in reversed(orders):
        if known.get(order.cl_ord_id) != order:
            known[order.cl_ord_id] = order
            yield order


def line_of(order: OrderLine) -> str:
    """One order on one line, its columns where those of the line before it stand."""
    doubt = " IN DOUBT" if order.in_doubt else ""
    filled = f"{number(order.cum_qty)} of {number(order.order_qty)}"
    average = f"at {price(order.avg_px)}" if order.cum_qty else ""
    text = (
        f"{order.cl_ord_id:<16} {order.venue:<6} {order.side:<4} {order.symbol:<8} "
        f"{filled:>17} {average:<12} {order.status}{doubt}"
    )
    return f"{text}  {order.reason}".rstrip()
