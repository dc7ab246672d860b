"""Answers that no script holds: refusals that say what was expected, and status."""

from collections.abc import Sequence
from datetime import datetime

from simulator.scenarios.clerk import Clerk
from simulator.scenarios.library import SUFFIX
from simulator.scenarios.play import Play
from simulator.scenarios.saying import say
from simulator.scenarios.script import Script, VenueStep
from simulator.values.messages import (
    NO_EXECUTION,
    NO_ORDER,
    CancelRejected,
    Fields,
    Message,
    Note,
    Report,
)
from simulator.values.requests import (
    AskMassStatus,
    AskSecurityList,
    AskStatus,
    CancelOrder,
    NewOrder,
    ReplaceOrder,
)
from simulator.values.words import (
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    ResponseTo,
)

_NO_ORDERS: Fields = ((911, "0"), (912, "Y"))  # TotNumReports, LastRptRequested.
_STATUS = VenueStep(0, 1, 0, "OrderStatus", {})


def order_refused(
    request: NewOrder, why: str, clerk: Clerk, at: datetime, play: Play | None = None
) -> Report:
    """A new order that no script foresees; a ClOrdID used before quotes the order that has it."""
    now = clerk.now(at, at, 1)
    line = play.line_of(request.cl_ord_id) if play is not None else None
    return Report(
        client=request.client,
        order_id=NO_ORDER if line is None else line.order_id,
        cl_ord_id=request.cl_ord_id,
        exec_id=now.exec_id,
        exec_type=ExecType.REJECTED,
        ord_status=OrdStatus.REJECTED if line is None else line.status,
        symbol=request.symbol,
        side=request.side,
        order_qty=0 if line is None else line.quantity,
        cum_qty=0 if line is None else line.cum,
        leaves_qty=0 if line is None else line.leaves,
        avg_px="0" if line is None else line.average,
        trade_date=now.trade_date,
        transact_time=now.transact_time,
        rej_reason=OrdRejReason.OTHER if line is None else OrdRejReason.DUPLICATE_ORDER,
        text=why,
        account=request.account,
        link_id=request.link_id,
        secondary_id=request.secondary_id,
    )


def cancel_refused(
    request: CancelOrder | ReplaceOrder,
    why: str,
    clerk: Clerk,
    at: datetime,
    play: Play | None = None,
) -> CancelRejected:
    """A cancel or replace that no script foresees."""
    line = play.line_of(request.orig_cl_ord_id) if play is not None else None
    cancels = isinstance(request, CancelOrder)
    return CancelRejected(
        client=request.client,
        order_id=NO_ORDER if line is None else line.order_id,
        cl_ord_id=request.cl_ord_id,
        orig_cl_ord_id=request.orig_cl_ord_id,
        ord_status=OrdStatus.REJECTED if line is None else line.status,
        response_to=ResponseTo.CANCEL if cancels else ResponseTo.REPLACE,
        transact_time=clerk.now(at, at, 1).transact_time,
        reason=CxlRejReason.UNKNOWN_ORDER if line is None else CxlRejReason.OTHER,
        text=why,
        account=request.account,
        link_id=request.link_id,
        secondary_id=request.secondary_id,
    )


def status_of(play: Play, cl_ord_id: str, clerk: Clerk, at: datetime) -> Report:
    """An order as it stands, and where its play stands."""
    play.cast.status_of = cl_ord_id
    letters = [letter for letter, name in play.cast.ids.items() if name == cl_ord_id]
    step = _STATUS._replace(stated={"ClOrdID": letters[0]} if letters else {})
    said = say(step._replace(odd=True), play.cast, clerk.now(at, play.began, play.day))
    assert isinstance(said, Report)
    line = play.line_of(cl_ord_id)
    current = said.cl_ord_id if line is None else line.cl_ord_id
    return said._replace(cl_ord_id=current, text=f"{play.script.id} {play.stands}")


def mass_status(
    request: AskMassStatus, plays: Sequence[Play], clerk: Clerk, at: datetime
) -> list[Message]:
    """A status of each open order; the last one says so."""
    mine = [
        play
        for play in plays
        if play.cast.client == request.client and request.symbol in {"", play.cast.symbol}
    ]
    named = [(play, line) for play in mine for line in play.lines() if line.leaves]
    if not named:
        return [unknown_status(request, "no open order", clerk, at)]
    counted = ((584, request.request_id), (911, str(len(named))))
    answers: list[Message] = []
    for left, (play, line) in enumerate(named, 1 - len(named)):
        answer = status_of(play, line.cl_ord_id, clerk, at)
        last = (912, "N" if left else "Y")
        answers.append(answer._replace(extra=(*answer.extra, *counted, last)))
    return answers


def unknown_status(
    request: AskStatus | AskMassStatus, why: str, clerk: Clerk, at: datetime
) -> Report:
    """No such order."""
    now = clerk.now(at, at, 1)
    cl_ord_id, side, extra = "", "1", _NO_ORDERS
    if isinstance(request, AskStatus):
        cl_ord_id, side, extra = request.cl_ord_id, request.side, ()
    else:
        extra = ((584, request.request_id), *_NO_ORDERS)
    return Report(
        client=request.client,
        order_id=NO_ORDER,
        cl_ord_id=cl_ord_id,
        exec_id=NO_EXECUTION,
        exec_type=ExecType.ORDER_STATUS,
        ord_status=OrdStatus.REJECTED,
        symbol=request.symbol or "[N/A]",
        side=side,
        order_qty=0,
        cum_qty=0,
        leaves_qty=0,
        avg_px="0",
        trade_date=now.trade_date,
        transact_time=now.transact_time,
        rej_reason=OrdRejReason.UNKNOWN_ORDER,
        text=why,
        extra=extra,
    )


def security_list(request: AskSecurityList, scripts: Sequence[Script]) -> Note:
    """SecurityList (y): every scenario is a symbol."""
    rows = [(f"{one.id}{SUFFIX}", one.title) for one in scripts]
    rows = [row for row in rows if request.symbol in {"", row[0]}]
    body = tuple(field for name, title in rows for field in ((55, name), (107, title)))
    head = (
        (320, request.request_id),
        (322, f"{request.request_id}-1"),
        (560, "0" if rows else "2"),
    )
    groups = ((146, str(len(rows))), *body) if rows else ()
    return Note(request.client, "y", (*head, *groups))
