"""`trimtab order`: one order's whole life, message by message."""

import argparse
from datetime import datetime

from console.doors import open_config, reader
from console.options import add_json
from console.printing import Column, number, price, print_json, print_lines, print_table
from console.service_port import CostLine, LifeLine, OrderLife, OrderLine
from domain.errors import ExitCode
from oms.wording import counted, dollars

IN_A_DAY = Column[LifeLine]("TIME, UTC", lambda line: _time(line.at))
OVER_DAYS = Column[LifeLine]("TIME, UTC", lambda line: f"{line.at:%Y-%m-%d} {_time(line.at)}")
COLUMNS = (
    Column[LifeLine]("WHAT", lambda line: line.message),
    Column[LifeLine]("EXECTYPE", lambda line: line.exec_type),
    Column[LifeLine]("ORDSTATUS", lambda line: line.ord_status),
    Column[LifeLine]("LAST", lambda line: _if_any(number(line.last_qty)), number=True),
    Column[LifeLine]("AT", lambda line: _if_any(price(line.last_px)), number=True),
    Column[LifeLine]("CUM", lambda line: _if_any(number(line.cum_qty)), number=True),
    Column[LifeLine]("LEAVES", lambda line: _if_any(number(line.leaves_qty)), number=True),
    Column[LifeLine]("CLORDID", lambda line: line.cl_ord_id),
    Column[LifeLine]("EXECID", lambda line: line.exec_id),
    Column[LifeLine]("NOTE", lambda line: line.note),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", metavar="ORDER", help="any ClOrdID that it had")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        life = service.order(arguments.order)
    if arguments.json:
        print_json(life)
        return ExitCode.OK
    print_lines(_head(life))
    print_table(_columns(life), life.life, "nothing happened to it yet")
    return ExitCode.OK


def _columns(life: OrderLife) -> tuple[Column[LifeLine], ...]:
    """Those that tell something of this order: days where it had several, ClOrdIDs likewise."""
    times = OVER_DAYS if len({line.at.date() for line in life.life}) > 1 else IN_A_DAY
    only = len({line.cl_ord_id for line in life.life}) == 1
    return (times, *(one for one in COLUMNS if not (only and one.heading == "CLORDID")))


def _head(life: OrderLife) -> list[str]:
    order = life.order
    lines = [
        (
            f"{order.side} {number(order.order_qty)} {order.symbol} {order.terms} "
            f"on {order.venue}, {order.trade_date}: {order.status}, {_done(order)}, "
            f"run {order.run_id.hex}"
        ),
        (
            f"ClOrdIDs {' > '.join(life.chain)}; {counted(len(order.account_ids), 'account')}; "
            f"the venue's OrderID {life.order_id or 'not told'}"
        ),
    ]
    if life.costs is not None:
        lines += _costs(life.costs)
    if life.pending:
        lines.append(f"not answered yet: {', '.join(life.pending)}")
    if order.in_doubt:
        lines.append(f"IN DOUBT: {order.reason}; `trimtab resolve --help` says how to end it")
    return lines


def _done(order: OrderLine) -> str:
    """How much of it, at which average."""
    if not order.cum_qty:
        return "nothing done"
    return f"{number(order.cum_qty)} done at {price(order.avg_px)}"


def _costs(costs: CostLine) -> list[str]:
    """The moments that matter, and where the difference to the decision came from."""
    routed = "not sent yet" if costs.first_routed is None else f"sent {_time(costs.first_routed)}"
    moments = (
        f"decided {_time(costs.decided_at)} UTC at {price(costs.decision_price)}, "
        f"arrived {_time(costs.arrived_at)} at {price(costs.arrival_price)}, {routed}"
    )
    split = costs.shortfall
    if split is None:
        return [moments, "shortfall: nobody knows yet at which price to value what did not trade"]
    return [
        moments,
        (
            f"shortfall {dollars(split.total)} = delay {dollars(split.delay)} + impact "
            f"{dollars(split.impact)} + opportunity {dollars(split.opportunity)} + cost "
            f"{dollars(split.cost)}"
        ),
    ]


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S.%f}"[:-3]


def _if_any(text: str) -> str:
    return "" if text == "-" else text
