"""What the client must send at a step, and why a message of the client's is not that."""

from decimal import Decimal

from simulator.scenarios.cast import Cast
from simulator.scenarios.script import ClientStep, Script, VenueStep
from simulator.scenarios.words import (
    CANCEL,
    MSG_TYPES,
    NEW_ORDER,
    ORD_TYPES,
    REPLACE,
    STATUS,
    TIMES_IN_FORCE,
)
from simulator.values.numbers import price_of, whole_number
from simulator.values.requests import (
    AskStatus,
    CancelOrder,
    NewOrder,
    ReplaceOrder,
)

OrderRequest = NewOrder | CancelOrder | ReplaceOrder | AskStatus
_MESSAGES = {NewOrder: NEW_ORDER, CancelOrder: CANCEL, ReplaceOrder: REPLACE, AskStatus: STATUS}


def message_of(request: OrderRequest) -> str:
    """The message's name in scripts."""
    return _MESSAGES[type(request)]


def expectation(step: ClientStep, cast: Cast) -> str:
    """A sentence for a person: what is waited for, in this play's own ids and quantities."""
    parts = []
    origin = cast.ids.get(step.text("OrigClOrdID"), "")
    known = cast.ids.get(step.text("ClOrdID"), "")
    if known:
        parts.append(f"ClOrdID {known}")
    if origin:
        parts.append(f"OrigClOrdID {origin}")
    parts += _wanted_figures(step, cast)
    return _sentence(step, parts)


def demand(step: ClientStep) -> str:
    """The same before anybody has sent anything, in the script's letters and figures."""
    parts = [f"{name} {_shown(step.stated[name])}" for name in _SHOWN_FIELDS if name in step.stated]
    return _sentence(step, parts)


_ANY_ORDER = ClientStep(0, 1, 0, NEW_ORDER, {})
_SHOWN_FIELDS = (
    *("ClOrdID", "OrigClOrdID", "OrderQty", "CashOrderQty", "TimeInForce"),
    *("OrdType", "ExecInst", "PossResend"),
)


def _sentence(step: ClientStep, parts: list[str]) -> str:
    named = f"{step.message} ({MSG_TYPES[step.message]})"
    at_once = ", sent without waiting for the answer to the message before" if step.at_once else ""
    return f"{named}{' with ' if parts else ''}{', '.join(parts)}{at_once}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "Y" if value else "N"
    return " or ".join(value) if isinstance(value, tuple) else str(value)


def _wanted_figures(step: ClientStep, cast: Cast) -> list[str]:
    wanted = []
    quantity = step.stated.get("OrderQty")
    if isinstance(quantity, int) and step.message != CANCEL:
        wanted.append(f"OrderQty {cast.quantity(quantity)}")
    if step.stated.get("PossResend") is True:
        wanted.append("PossResend Y")
    return wanted


def mismatch(step: ClientStep, cast: Cast, request: OrderRequest) -> str:
    """Why `request` is not what `step` waits for; empty when it is."""
    if message_of(request) != step.message:
        return f"this was {message_of(request)} ({MSG_TYPES[message_of(request)]})"
    return (
        _id_mismatch(step, cast, request)
        or _quantity_mismatch(step, cast, request)
        or _resend_mismatch(step, request)
    )


def _id_mismatch(step: ClientStep, cast: Cast, request: OrderRequest) -> str:
    bound = cast.ids.get(step.text("ClOrdID"))
    if bound is not None and request.cl_ord_id != bound:
        return f"its ClOrdID was {request.cl_ord_id}"
    if bound is None and request.cl_ord_id in cast.ids.values():
        return f"its ClOrdID {request.cl_ord_id} was used before"
    if isinstance(request, CancelOrder | ReplaceOrder):
        origin = cast.ids.get(step.text("OrigClOrdID"))
        line = cast.line(step.text("OrigClOrdID"))
        by_order_id = line is not None and request.order_id == line.order_id
        if origin is not None and request.orig_cl_ord_id != origin and not by_order_id:
            return f"its OrigClOrdID was {request.orig_cl_ord_id}"
    return ""


def _quantity_mismatch(step: ClientStep, cast: Cast, request: OrderRequest) -> str:
    quantity = step.stated.get("OrderQty")
    if not isinstance(quantity, int) or not isinstance(request, NewOrder | ReplaceOrder):
        return ""
    if whole_number(request.quantity) != cast.quantity(quantity):
        return f"its OrderQty was {request.quantity or 'missing'}"
    return ""


def _resend_mismatch(step: ClientStep, request: OrderRequest) -> str:
    wanted = step.stated.get("PossResend", False)
    if isinstance(request, NewOrder) and request.poss_resend != wanted:
        return f"its PossResend was {'Y' if request.poss_resend else 'N'}"
    return ""


def why_not_open(script: Script, cast: Cast, request: OrderRequest) -> str:
    """Why a request cannot begin the scenario; empty when it can."""
    first = script.steps[0]
    begins_with_order = not isinstance(first, ClientStep) or first.message == NEW_ORDER
    if begins_with_order and isinstance(request, NewOrder):
        wrong = _bad_terms(script, request)
        if wrong:
            return wrong
    if isinstance(first, ClientStep):
        wrong = mismatch(first, cast, request)
        return f"it expects {demand(first)}; {wrong}" if wrong else ""
    if not isinstance(request, NewOrder):
        return f"it expects an order; this was {message_of(request)}"
    return ""


def _bad_terms(script: Script, request: NewOrder) -> str:
    """Why an order cannot begin the scenario: terms that its figures and prices depend on."""
    first = script.steps[0]
    step = first if isinstance(first, ClientStep) else _ANY_ORDER
    tif = TIMES_IN_FORCE[script.time_in_force]
    if request.time_in_force != tif:
        return f"TimeInForce (59) must be {tif} ({script.time_in_force})"
    exec_inst = step.text("ExecInst")
    if exec_inst and exec_inst not in request.exec_inst.split(" "):
        return f"ExecInst (18) must be {exec_inst}"
    kinds = step.stated.get("OrdType")
    if kinds is not None:
        names = (kinds,) if isinstance(kinds, str) else kinds
        assert isinstance(names, tuple)
        if request.ord_type not in {ORD_TYPES[name] for name in names}:
            codes = " or ".join(f"{ORD_TYPES[name]} ({name})" for name in names)
            return f"OrdType (40) must be {codes}"
    return _bad_quantity(script, request) or _bad_limit(script, request)


def _bad_quantity(script: Script, request: NewOrder) -> str:
    cash = script.is_in_cash
    name = "CashOrderQty (152)" if cash else "OrderQty (38)"
    quantity = whole_number(request.cash_quantity if cash else request.quantity)
    if quantity is None or quantity <= 0 or quantity % script.multiple or quantity >= 10**9:
        return (
            f"{name} must be a multiple of {script.multiple}, such as {script.base}, "
            "so that every figure stays whole"
        )
    return ""


def _bad_limit(script: Script, request: NewOrder) -> str:
    prices = [
        price
        for step in script.steps
        if isinstance(step, VenueStep) and isinstance(price := step.stated.get("LastPx"), Decimal)
        if price
    ]
    limit = price_of(request.price)
    if request.price and limit is None:
        return f"Price (44) must be a number above 0; it was {request.price}"
    if limit is None or not prices:
        return ""
    buys = request.side == "1"
    if (max(prices) > limit) if buys else (min(prices) < limit):
        return (
            f"this scenario trades at {min(prices)} to {max(prices)}: send a market order or a "
            "limit that allows it"
        )
    return ""
