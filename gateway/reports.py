"""What a venue says, read from FIX text: ExecutionReport and OrderCancelReject.

Strict about ids and numbers, tolerant of everything else, and never at the
cost of a fill: a report with LastQty and LastPx whose ExecType or OrdStatus we
do not know is read as a Trade, with a note for a person. What cannot be read is
returned as `Unreadable` and kept raw by the caller.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from domain.exact import ZERO, to_cents
from domain.orders import (
    CancelReject,
    ExecType,
    ExecutionReport,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from gateway.fields import FieldError, Fields, plain_text, trade_date_of, transact_time_of
from gateway.wiretext import pairs

_OTHER_REASON = 99
_SINGLE = frozenset(
    {6, 11, 12, 13, 14, 17, 19, 31, 32, 34, 35, 37, 38, 39, 41, 44, 49, 54, 55, 56, 60, 75, 150}
)
_SIDES = {
    "1": Side.BUY,
    "2": Side.SELL,
    "3": Side.BUY,
    "4": Side.SELL,
    "5": Side.SELL,
    "6": Side.SELL,
}
_STATUSES = {s.value: s for s in OrdStatus if len(s.value) == 1}  # Not our own two words.
_EXEC_TYPES = {e.value: e for e in ExecType}
_ORD_TYPES = {kind.value: kind for kind in OrdType}
_TIMES = {time.value: time for time in TimeInForce}
_OLDER_TRADES = frozenset({"1", "2"})  # ExecType of FIX 4.2: partial fill and fill.
_Read = Callable[[int], Decimal | None]  # Named here: what stands in `def` is made at each call.
_PER_UNIT, _PERCENT = "1", "2"


@dataclass(frozen=True, slots=True)
class Readable:
    """A message we can book; `notes` says what about it was odd."""

    message: ExecutionReport | CancelReject
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that must be kept raw; `may_be_fill` makes the alarm louder."""

    why: str
    may_be_fill: bool


def decode(raw: str, *, venue: str) -> Readable | Unreadable:
    """Read `raw`; never raises for anything that a wire can carry."""
    fields = Fields(pairs(raw), single=_SINGLE)
    may_be_fill = fields.text.get(32, "0").strip("0.") != "" and 31 in fields.text
    try:
        if fields.doubled:
            tags = ", ".join(map(str, sorted(fields.doubled)))
            return Unreadable(f"tag {tags} appears more than once", may_be_fill)
        msg_type = fields.text.get(35, "")
        if msg_type == "8":
            return _execution(fields, venue)
        if msg_type == "9":
            return _cancel_reject(fields, venue)
    except FieldError as error:
        return Unreadable(str(error), may_be_fill)
    reason = plain_text(fields.text.get(58, ""))
    return Unreadable(f"message type {msg_type[:8]!r} is not one we book: {reason}", may_be_fill)


def _execution(fields: Fields, venue: str) -> Readable:
    notes: list[str] = []
    exec_type = _exec_type(fields, notes)
    is_new = exec_type is ExecType.NEW
    is_trade = exec_type in (ExecType.TRADE, ExecType.TRADE_CORRECT)
    last_qty = fields.quantity(32) or ZERO
    last_px = fields.price(31)
    if is_trade and (last_qty <= 0 or last_px is None):
        raise FieldError("a trade without LastQty (32) or LastPx (31)")
    if exec_type in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT) and 19 not in fields.text:
        raise FieldError("a bust or correction without ExecRefID (19)")

    def informing(read: _Read, tag: int) -> Decimal | None:
        """What a fill or its bust is booked without; on other reports it must be right."""
        try:
            return read(tag)
        except FieldError as error:
            if not (is_trade or exec_type is ExecType.TRADE_CANCEL):
                raise
            notes.append(f"{error}; passed over")
            return None

    cum_qty = _or_noted(informing(fields.quantity, 14), "CumQty (14)", notes, wanted=is_trade)
    leaves_qty = _or_noted(
        informing(fields.quantity, 151), "LeavesQty (151)", notes, wanted=is_trade
    )
    transact_time = transact_time_of(fields, notes)
    report = ExecutionReport(
        venue=venue,
        exec_id=fields.identifier(17),
        order_id=fields.identifier(37) if 37 in fields.text else "NONE",
        cl_ord_id=fields.identifier(11) if 11 in fields.text else "",
        orig_cl_ord_id=fields.identifier(41) if 41 in fields.text else None,
        exec_type=exec_type,
        ord_status=_ord_status(fields, notes, exec_type, leaves_qty),
        symbol=fields.identifier(55),
        side=_side(fields),
        order_qty=informing(fields.quantity, 38),
        cum_qty=cum_qty,
        leaves_qty=leaves_qty,
        avg_px=informing(fields.average, 6),
        last_qty=last_qty,
        last_px=last_px,
        limit_price=informing(fields.price, 44),
        commission=_commission(fields, last_qty, last_px, is_trade=is_trade),
        exec_ref_id=fields.identifier(19) if 19 in fields.text else None,
        reason=_reason(fields, (103, 378)),
        trade_date=trade_date_of(fields, transact_time),
        transact_time=transact_time,
        ord_rej_reason=fields.code(103),
        stop_price=informing(fields.price, 99),
        restatement=fields.code(378),
        ord_type=_ORD_TYPES.get(fields.text.get(40, "")) if is_new else None,
        time_in_force=_TIMES.get(fields.text.get(59, "")) if is_new else None,
    )
    return Readable(report, tuple(notes))


def _cancel_reject(fields: Fields, venue: str) -> Readable:
    notes: list[str] = []
    status = fields.text.get(39, "")
    if status not in _STATUSES:
        raise FieldError(f"OrdStatus (39) {status[:8]!r} is unknown")
    code = fields.code(102)
    reject = CancelReject(
        venue=venue,
        cl_ord_id=fields.identifier(11),
        orig_cl_ord_id=fields.identifier(41) if 41 in fields.text else "",
        order_id=fields.identifier(37) if 37 in fields.text else "NONE",
        ord_status=_STATUSES[status],
        cxl_rej_reason=_OTHER_REASON if code is None else code,
        reason=plain_text(fields.text.get(58, "")),
        transact_time=transact_time_of(fields, notes),
    )
    return Readable(reject, tuple(notes))


def _exec_type(fields: Fields, notes: list[str]) -> ExecType:
    code = fields.text.get(150, "")
    if code in _EXEC_TYPES:
        return _EXEC_TYPES[code]
    if 31 in fields.text and (fields.quantity(32) or ZERO) > 0:
        if code not in _OLDER_TRADES:
            notes.append(f"ExecType (150) {code[:8]!r} is unknown; booked as a trade")
        return ExecType.TRADE
    raise FieldError(f"ExecType (150) {code[:8]!r} is unknown and the report carries no fill")


def _ord_status(
    fields: Fields, notes: list[str], exec_type: ExecType, leaves_qty: Decimal
) -> OrdStatus:
    code = fields.text.get(39, "")
    if code in _STATUSES:
        return _STATUSES[code]
    if exec_type in (ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL):
        notes.append(f"OrdStatus (39) {code[:8]!r} is unknown; taken from LeavesQty")
        return OrdStatus.PARTIALLY_FILLED if leaves_qty > 0 else OrdStatus.FILLED
    raise FieldError(f"OrdStatus (39) {code[:8]!r} is unknown and the report carries no fill")


def _side(fields: Fields) -> Side:
    code = fields.text.get(54, "")
    if code not in _SIDES:
        raise FieldError(f"Side (54) {code[:8]!r} is neither a buy nor a sell")
    return _SIDES[code]


def _commission(
    fields: Fields, last_qty: Decimal, last_px: Decimal | None, *, is_trade: bool
) -> Decimal:
    """Dollars of this execution; CommType (13) is per share, percent or absolute."""
    amount = fields.price(12)
    if amount is None or not is_trade:
        return ZERO
    kind = fields.text.get(13, "3")
    if kind == _PER_UNIT:
        return to_cents(amount * last_qty)
    if kind == _PERCENT:
        return to_cents(amount / 100 * last_qty * (last_px or ZERO))
    return amount


def _or_noted(value: Decimal | None, name: str, notes: list[str], *, wanted: bool) -> Decimal:
    if value is None and wanted:
        notes.append(f"{name} is missing; taken as 0")
    return value if value is not None else ZERO


def _reason(fields: Fields, code_tags: tuple[int, ...]) -> str:
    if fields.text.keys().isdisjoint((58, *code_tags)):
        return ""
    codes = [f"{tag}={plain_text(fields.text[tag])}" for tag in code_tags if tag in fields.text]
    text = plain_text(fields.text.get(58, ""))
    return " ".join(part for part in (text, f"({', '.join(codes)})" if codes else "") if part)
