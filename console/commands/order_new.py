"""`trimtab order new`: a person's own order, for one account or as a block for several.

It is a run of its own: the rules are asked, a second person where the policy says so, and the
limits at the wire. Without a price, a duration, a venue or an algorithm it goes the way that the
routing rules choose; otherwise exactly as it is said.
"""

import argparse
import time
from decimal import Decimal

from console.client import ApiClient
from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.order_options import (
    above_zero,
    account_part,
    day_and_time,
    fraction,
    offset,
    time_of_day,
)
from console.printing import number, print_json, print_lines
from console.service_port import OrderLine, RunDetail
from domain.compliance import Force
from domain.errors import BadInputError, ExitCode
from domain.exact import ZERO
from domain.identifiers import short_id
from domain.orders import Allocation, Peg, PegTo, Side, Strategy, TimeInForce
from domain.runs import Run, RunStatus, Urgency
from oms.by_hand.order import HandOrder
from oms.route_terms import AlgoTerms

WAIT_SECONDS = 10.0  # For the venue's first word.
_LOOK_EVERY_SECONDS = 0.1
_NOT_ACKNOWLEDGED = ("intended", "pending new")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("side", choices=[side.name.lower() for side in Side])
    parser.add_argument("symbol", metavar="SYMBOL", help="as the security master writes it")
    parser.add_argument(
        "--account",
        dest="parts",
        metavar="NAME=SHARES",
        action="append",
        required=True,
        type=account_part,
        help="an account and its shares; once for each account of a block",
    )
    parser.add_argument(
        "--lot",
        dest="lots",
        metavar="LOT",
        action="append",
        default=[],
        help="a lot to sell, where the mandate's lot_method is specific; once for each, in the "
        "order in which they go (`trimtab lots` lists them)",
    )
    _add_terms(parser)
    parser.add_argument(
        "--urgency", choices=[one.value for one in Urgency], help="for the routing rules"
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="do not wait for what becomes of it at first"
    )
    add_by(parser)
    add_why(parser)
    add_json(parser)


def _add_terms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=above_zero, help="dollars a share")
    parser.add_argument("--stop", type=above_zero, help="stop price, dollars a share")
    parser.add_argument("--market", action="store_true", help="at the market, without a limit")
    pegs = [to.name.lower() for to in PegTo]
    parser.add_argument(
        "--peg", choices=pegs, help="follow the midpoint, the other or its own side"
    )
    parser.add_argument("--offset", type=offset, help="of a peg, dollars a share; plus is up")
    kinds = [one.name.lower() for one in TimeInForce]
    parser.add_argument("--tif", choices=kinds, help="how long (default: for the day)")
    parser.add_argument(
        "--until",
        type=day_and_time,
        metavar="DAY[THH:MM]",
        help="good till that day, or till then on it, in the time zone of [routing]",
    )
    parser.add_argument("--venue", metavar="VENUE", help="default: the security's own")
    names = [one.name.lower() for one in Strategy]
    parser.add_argument("--algo", choices=names, help="a broker's algorithm")
    parser.add_argument("--start", type=time_of_day, metavar="HH:MM", help="of the algorithm")
    parser.add_argument("--end", type=time_of_day, metavar="HH:MM", help="of the algorithm")
    parser.add_argument("--participation", type=fraction, help="its fraction of the volume")


def run(arguments: argparse.Namespace) -> int:
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    order = order_of(arguments)
    with changer(open_config(arguments.config)) as service:
        started = service.new_order(order, by, why)
        if not isinstance(service, ApiClient):
            return _stored(started, as_json=arguments.json)
        if arguments.no_wait:
            detail = service.run(started.run_id.hex)
        else:
            detail = _settled(service, started)
    if arguments.json:
        print_json(detail)
    else:
        print_lines(lines_of(detail))
    return ExitCode.CHECK_FAILED if is_over_without_an_order(detail) else ExitCode.OK


def order_of(arguments: argparse.Namespace) -> HandOrder:
    """The order as it was typed; raises `BadInputError` for options that have no meaning alone."""
    if arguments.offset is not None and arguments.peg is None:
        raise BadInputError("--offset goes with --peg: say what the price follows")
    return HandOrder(
        symbol=arguments.symbol,
        side=Side[arguments.side.upper()],
        allocations=tuple(
            Allocation(account_id=part.account_id, quantity=part.quantity)
            for part in arguments.parts
        ),
        at_market=arguments.market,
        limit=arguments.limit,
        stop=arguments.stop,
        peg=_peg(arguments.peg, arguments.offset),
        time_in_force=None if arguments.tif is None else TimeInForce[arguments.tif.upper()],
        expires=None if arguments.until is None else arguments.until[0],
        until=None if arguments.until is None else arguments.until[1],
        venue=arguments.venue,
        algo=_algo(arguments),
        urgency=Urgency(arguments.urgency or Urgency.NORMAL),
        lots=tuple(arguments.lots),
    )


def _peg(to: str | None, away: Decimal | None) -> Peg | None:
    return None if to is None else Peg(to=PegTo[to.upper()], offset=away or ZERO)


def _algo(arguments: argparse.Namespace) -> AlgoTerms | None:
    terms = (arguments.start, arguments.end, arguments.participation)
    if arguments.algo is None:
        if any(one is not None for one in terms):
            raise BadInputError("--start, --end and --participation go with --algo: say which")
        return None
    return AlgoTerms(
        strategy=Strategy[arguments.algo.upper()],
        start=arguments.start,
        end=arguments.end,
        participation=arguments.participation,
    )


def _stored(started: Run, *, as_json: bool) -> int:
    if as_json:
        print_json(started)
    else:
        name = started.run_id.hex
        print_lines([f"run {name} is stored; no service runs, it goes on when one starts"])
    return ExitCode.OK


def _settled(service: ApiClient, started: Run) -> RunDetail:
    """The run once a venue has spoken, a person is asked, or it is over; or after a while."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        detail = service.run(started.run_id.hex)
        is_heard = detail.orders and all(o.status not in _NOT_ACKNOWLEDGED for o in detail.orders)
        is_moving = detail.run.status is RunStatus.RUNNING
        if is_heard or not is_moving or time.monotonic() >= deadline:
            return detail
        time.sleep(_LOOK_EVERY_SECONDS)


def is_over_without_an_order(detail: RunDetail) -> bool:
    """Whether nothing of it went out, and nothing will."""
    over = (RunStatus.DONE, RunStatus.FAILED, RunStatus.REJECTED)
    return detail.run.status in over and not detail.orders


def lines_of(detail: RunDetail) -> list[str]:
    """What became of it so far, and what to do next."""
    run = detail.run
    name = short_id(run.run_id)
    lines = [f"run {run.run_id.hex}: {run.why}"]
    lines += [f"  {check.rule_id}: {check.sentence}" for check in detail.not_passed]
    lines += [f"  {why}" for why in detail.left_out]
    lines += [_order_words(order) for order in detail.orders]
    if run.status is RunStatus.AWAITING_APPROVAL and detail.approval is not None:
        lines.append(f"it waits for a second person, because {detail.approval.why}")
        lines.append(_way_on(detail, name))
    elif run.error:
        lines.append(f"it failed: {run.error}; trimtab retry {name} --by WHO")
    elif is_over_without_an_order(detail):
        lines.append("nothing went out")
    elif not detail.orders:
        lines.append(f"nothing has gone out yet; look again with: trimtab runs {name}")
    return lines


def _way_on(detail: RunDetail, name: str) -> str:
    """What a second person can do about it."""
    if any(check.force is Force.HARD for check in detail.not_passed):
        return (
            "a hard breach is let through by nobody: order what would pass, and end this one "
            f"with: trimtab reject {name} --by WHO --why WHAT"
        )
    return f"let it go with: trimtab approve {name} --by WHO --why WHAT"


def _order_words(order: OrderLine) -> str:
    filled = f"{number(order.cum_qty)} of {number(order.order_qty)} filled"
    reason = f": {order.reason}" if order.reason else ""
    return (
        f"{order.cl_ord_id} {order.side} {number(order.order_qty)} {order.symbol} {order.terms} "
        f"on {order.venue}: {order.status}, {filled}{reason}"
    )
