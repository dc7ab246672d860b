"""A script played against itself before any client sees it: every letter and figure must hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulator.scenarios.cast import ContradictionError
from simulator.scenarios.clerk import Clerk
from simulator.scenarios.expecting import OrderRequest, mismatch
from simulator.scenarios.play import Play, Tempo, open_play
from simulator.scenarios.script import ClientStep, Script
from simulator.scenarios.words import CANCEL, NEW_ORDER, ORD_TYPES, REPLACE, TIMES_IN_FORCE
from simulator.values.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder

_AT = datetime(2022, 11, 30, 15, tzinfo=UTC)
_AT_ONCE = Tempo(timedelta(0), timedelta(0))


def first_flaw(script: Script) -> tuple[int, str] | None:
    """The line and what is wrong there; None for a script that can be played to its end."""
    clerk = Clerk("REHEARSAL", ZoneInfo("UTC"), Decimal(100))
    opening = _opening(script)
    play = open_play(1, script, opening, _AT_ONCE, _AT)
    if not isinstance(script.steps[0], ClientStep) and isinstance(opening, NewOrder):
        play.take_call(opening, clerk, _AT)
    while (step := play.step) is not None:
        line = step.line
        try:
            if not isinstance(step, ClientStep):
                play.happen(clerk, _AT)
                continue
            request = request_of(step, script)
            wrong = _wrong(play, step, request)
            if wrong:
                return line, wrong
            play.offer(request, step, clerk, _AT)
        except ContradictionError as error:
            now = play.step
            return now.line if now is not None else line, str(error)
    return None


def _wrong(play: Play, step: ClientStep, request: OrderRequest) -> str:
    origin = step.text("OrigClOrdID")
    asks_first = not play.cast.ids
    if origin and origin not in play.cast.ids and not asks_first:
        return f"OrigClOrdID {origin} is no ClOrdID of the steps before; write one of them"
    return mismatch(step, play.cast, request)


def _opening(script: Script) -> OrderRequest:
    first = script.steps[0]
    if isinstance(first, ClientStep):
        return request_of(first, script)
    return NewOrder("CLIENT", "CALL", "REHEARSAL", "1", str(script.base), "1")


def request_of(step: ClientStep, script: Script) -> OrderRequest:
    """What the step asks for, with its letters as ClOrdIDs."""
    name, origin = step.text("ClOrdID"), step.text("OrigClOrdID")
    quantity = step.text("OrderQty")
    if step.message == CANCEL:
        return CancelOrder("CLIENT", name, origin, "REHEARSAL", "1", quantity)
    if step.message == REPLACE:
        return ReplaceOrder("CLIENT", name, origin, "REHEARSAL", "1", quantity, "1")
    if step.message != NEW_ORDER:
        return AskStatus("CLIENT", name, "REHEARSAL", "1")
    kinds = step.stated.get("OrdType", "Market")
    kind = kinds[0] if isinstance(kinds, tuple) else str(kinds)
    return NewOrder(
        client="CLIENT",
        cl_ord_id=name,
        symbol="REHEARSAL",
        side="1",
        quantity=quantity,
        ord_type=ORD_TYPES[kind],
        time_in_force=TIMES_IN_FORCE[script.time_in_force],
        exec_inst=step.text("ExecInst"),
        cash_quantity=step.text("CashOrderQty"),
        poss_resend=bool(step.stated.get("PossResend", False)),
    )
