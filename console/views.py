"""Views: stored values turned into the lines that people read."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from console.service_port import OrderLine, ProposedLine
from domain.errors import UnknownNameError
from domain.exact import PLACES
from domain.identifiers import short_id
from domain.orders import Order, OrdStatus, Side
from domain.recommendations import Recommendation
from domain.runs import Run
from oms.order_words import terms_words

_STEP = Decimal(1).scaleb(-PLACES)
LAST = "last"


def unknown_case(case_id: str) -> UnknownNameError:
    """The error for a case that the register does not have."""
    return UnknownNameError(f"no case {case_id!r}; `trimtab breaches` lists them all")


def words_of(member: OrdStatus | Side) -> str:
    """An enum member's name in lower-case words: "partially filled"."""
    return member.name.replace("_", " ").lower()


def order_line(order: Order) -> OrderLine:
    """What an operator sees of an order."""
    intent = order.intent
    return OrderLine(
        cl_ord_id=order.current,
        run_id=intent.run_id,
        venue=intent.venue,
        security_id=intent.security_id,
        symbol=intent.symbol,
        side=words_of(intent.side),
        status=words_of(order.status),
        order_qty=order.order_qty,
        limit_price=order.limit_price,
        cum_qty=order.cum_qty,
        leaves_qty=order.leaves_qty,
        avg_px=(order.gross / order.cum_qty).quantize(_STEP) if order.cum_qty else None,
        gross=order.gross,
        commission=order.commission,
        in_doubt=order.in_doubt,
        reason=order.reason,
        trade_date=intent.trade_date,
        account_ids=tuple(sorted(a.account_id for a in intent.allocations)),
        terms=terms_words(
            replace(intent, limit_price=order.limit_price, stop_price=order.stop_price)
        ),
    )


def proposed_line(wanted: Recommendation, *, is_held: bool) -> ProposedLine:
    """What an approver sees of a recommendation."""
    return ProposedLine(
        account_id=wanted.account_id,
        symbol=wanted.symbol,
        side=words_of(wanted.side),
        quantity=wanted.quantity,
        price=wanted.reference_price,
        notional=wanted.notional,
        expected_cost=wanted.expected_cost,
        expected_tax=wanted.expected_tax,
        is_held=is_held,
        reason=wanted.reason,
    )


def find_run(runs: Sequence[Run], text: str) -> Run:
    """The run that `text` names: its id, a part of it, its short id, or "last".

    `runs` is newest first. The short id is what its ClOrdIDs begin with.

    Raises `UnknownNameError` when none or several fit.
    """
    if not runs:
        raise UnknownNameError("there is no run yet; start one with `trimtab trigger NAME`")
    if not text.strip():
        raise UnknownNameError("no run was named; `trimtab runs` lists the runs there are")
    if text == LAST:
        return runs[0]
    wanted = text.replace("-", "").lower()
    found = [
        run for run in runs if wanted in run.run_id.hex or short_id(run.run_id) == text.upper()
    ]
    exact = [run for run in found if run.run_id.hex == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise UnknownNameError(
            f"{text!r} fits {len(found)} runs; give more of the id (`trimtab runs` lists them)"
        )
    raise UnknownNameError(f"no run {text!r}; `trimtab runs` lists the runs there are")
