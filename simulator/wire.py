"""FIX 4.4 messages to requests, and reports to FIX 4.4 messages.

Nothing here keeps a message of the engine's: values are copied out at once.
"""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import quickfix as fix

from simulator.reports import CancelRejected, Message, Report
from simulator.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder, Request

DOLLARS = "3"  # CommType (13): an absolute amount.


def read_request(message: fix.Message, client: str) -> Request | None:
    """The request in a message; None for a type that the venue does not play."""
    kind = message.getHeader().getField(35)
    common = (
        {
            "client": client,
            "cl_ord_id": message.getField(11),
            "symbol": _get(message, 55),
            "side": _get(message, 54),
            "account": _get(message, 1),
            "link_id": _get(message, 583),
            "secondary_id": _get(message, 526),
        }
        if kind in "DFGH"
        else {}
    )
    if kind == "D":
        return NewOrder(
            **common,
            security_id=_get(message, 48),
            quantity=_get(message, 38),
            ord_type=message.getField(40),
            price=_get(message, 44),
            time_in_force=_get(message, 59) or "0",
            poss_resend=_is_possible_resend(message),
        )
    if kind == "F":
        return CancelOrder(**common, orig_cl_ord_id=message.getField(41))
    if kind == "G":
        return ReplaceOrder(
            **common,
            orig_cl_ord_id=message.getField(41),
            quantity=_get(message, 38),
            ord_type=message.getField(40),
            price=_get(message, 44),
        )
    return AskStatus(**common) if kind == "H" else None


def write_message(message: Message, *, poss_resend: bool = False) -> fix.Message:
    """A message for the engine to send."""
    if isinstance(message, Report):
        written = _written("8", _report_fields(message))
    else:
        written = _written("9", _cancel_reject_fields(message))
    if poss_resend:
        written.getHeader().setField(97, "Y")
    return written


def _written(kind: str, fields: tuple[tuple[int, object], ...]) -> fix.Message:
    message = fix.Message()
    message.getHeader().setField(35, kind)
    for tag, value in fields:
        if value is not None and value != "":
            message.setField(tag, _text(value))
    return message


def _report_fields(report: Report) -> tuple[tuple[int, object], ...]:
    fee = report.fee
    return (
        (37, report.order_id),
        (11, report.cl_ord_id),
        (41, report.orig_cl_ord_id),
        (526, report.secondary_id),
        (583, report.link_id),
        (17, report.exec_id),
        (150, report.exec_type),
        (39, report.ord_status),
        (103, report.reason),
        (1, report.account),
        (55, report.symbol),
        (48, report.security_id),
        (22, _id_source(report.security_id)),
        (54, report.side),
        (38, report.order_qty),
        (40, report.ord_type),
        (44, report.price),
        (59, report.time_in_force),
        (32, report.last_qty),
        (31, report.last_px),
        (151, report.leaves_qty),
        (14, report.cum_qty),
        (6, report.avg_px),
        (75, f"{report.trade_date:%Y%m%d}"),
        (60, report.transact_time),
        (12, fee),
        (13, None if fee is None else DOLLARS),
        (58, report.text),
    )


def _cancel_reject_fields(reject: CancelRejected) -> tuple[tuple[int, object], ...]:
    return (
        (37, reject.order_id),
        (11, reject.cl_ord_id),
        (41, reject.orig_cl_ord_id),
        (526, reject.secondary_id),
        (583, reject.link_id),
        (39, reject.ord_status),
        (1, reject.account),
        (60, reject.transact_time),
        (434, reject.response_to),
        (102, reject.reason),
        (58, reject.text),
    )


def _id_source(security_id: str) -> str:
    """SecurityIDSource (22): ISIN (4) for what looks like one, else the venue's own symbol (8)."""
    if not security_id:
        return ""
    return "4" if len(security_id) == 12 and security_id[:2].isalpha() else "8"


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"{value:%Y%m%d-%H:%M:%S}.{value.microsecond // 1000:03d}"
    return str(value)


def _get(message: fix.Message, tag: int) -> str:
    return str(message.getField(tag)) if message.isSetField(tag) else ""


def _is_possible_resend(message: fix.Message) -> bool:
    header = message.getHeader()
    return bool(header.isSetField(97) and header.getField(97) == "Y")
