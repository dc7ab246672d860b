"""What a venue says, as the body of a message: everything between its header and its checksum."""

from simulator.fix import fifty
from simulator.fix.codec import joined
from simulator.fix.profile import Version
from simulator.values.messages import CancelRejected, Fields, Message, Report

_LAST_UPDATE_TIME = 779  # Of a snapshot (W): wanted in FIX 5.0 SP2, unknown in 4.4.
_DOLLARS = "3"  # CommType (13): an absolute amount.


def body_of(message: Message, version: Version) -> tuple[str, str]:
    """MsgType and body of what a venue says, as the session's version has it."""
    if isinstance(message, Report):
        return "8", _report(message)
    if isinstance(message, CancelRejected):
        return "9", _cancel_rejected(message)
    kind, fields = message.msg_type, message.fields
    if version is Version.FIX50SP2:
        fields = fifty.put_in_order(kind, fields)
    elif kind == "W":
        fields = tuple(field for field in fields if field[0] != _LAST_UPDATE_TIME)
    return kind, joined(fields)


def _report(one: Report) -> str:
    """ExecutionReport, in the order that it always had."""
    text = _identity(one) + _terms(one) + _figures(one)
    if one.text:
        text += f"58={one.text}\x01"
    for tag, value in one.extra:
        if value:
            text += f"{tag}={value}\x01"
    return text


def _identity(one: Report) -> str:
    """Which order, which execution, and what became of it."""
    text = f"37={one.order_id}\x01"
    if one.cl_ord_id:
        text += f"11={one.cl_ord_id}\x01"
    if one.orig_cl_ord_id:
        text += f"41={one.orig_cl_ord_id}\x01"
    if one.secondary_id:
        text += f"526={one.secondary_id}\x01"
    if one.link_id:
        text += f"583={one.link_id}\x01"
    text += f"17={one.exec_id}\x01"
    if one.exec_ref_id:
        text += f"19={one.exec_ref_id}\x01"
    text += f"150={one.exec_type}\x0139={one.ord_status}\x01"
    if one.rej_reason is not None:
        text += f"103={one.rej_reason}\x01"
    if one.restatement_reason is not None:
        text += f"378={one.restatement_reason}\x01"
    return text


def _terms(one: Report) -> str:
    """What was ordered."""
    text = f"1={one.account}\x01" if one.account else ""
    if one.symbol:
        text += f"55={one.symbol}\x01"
    if one.security_id:
        text += f"48={one.security_id}\x0122={_id_source(one.security_id)}\x01"
    text += f"54={one.side}\x0138={one.order_qty}\x01"
    if one.ord_type:
        text += f"40={one.ord_type}\x01"
    if one.price:
        text += f"44={one.price}\x01"
    if one.stop_price:
        text += f"99={one.stop_price}\x01"
    if one.time_in_force:
        text += f"59={one.time_in_force}\x01"
    return text


def _figures(one: Report) -> str:
    """What was done, and when."""
    text = "" if one.last_qty is None else f"32={one.last_qty}\x01"
    if one.last_px:
        text += f"31={one.last_px}\x01"
    text += f"151={one.leaves_qty}\x0114={one.cum_qty}\x016={one.avg_px}\x01"
    text += f"75={one.trade_date}\x0160={one.transact_time}\x01"
    if one.fee:
        text += f"12={one.fee}\x0113={_DOLLARS}\x01"
    return text


def _cancel_rejected(one: CancelRejected) -> str:
    """OrderCancelReject."""
    return _given(
        (
            (37, one.order_id),
            (11, one.cl_ord_id),
            (41, one.orig_cl_ord_id),
            (526, one.secondary_id),
            (583, one.link_id),
            (39, one.ord_status),
            (1, one.account),
            (60, one.transact_time),
            (434, one.response_to),
            (102, "" if one.reason is None else str(int(one.reason))),
            (58, one.text),
        )
    )


def _given(fields: Fields) -> str:
    return "".join([f"{tag}={value}\x01" for tag, value in fields if value])


def _id_source(security_id: str) -> str:
    """SecurityIDSource (22): ISIN (4) for what looks like one, else the venue's own symbol (8)."""
    return "4" if len(security_id) == 12 and security_id[:2].isalpha() else "8"
