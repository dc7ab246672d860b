"""Fields of a message to what a client asks, and what a venue says to fields.

The dictionary has looked at a message before it comes here: types and enumerations hold. What is
needed only in some cases (Price of a limit order) is looked at here, and answered with a
BusinessMessageReject: "conditionally required field missing".
"""

from collections.abc import Callable
from typing import NamedTuple

from simulator.fix import fifty
from simulator.fix.codec import Incoming, group, joined
from simulator.fix.dictionary import Dictionary
from simulator.fix.profile import Version
from simulator.values import requests
from simulator.values.messages import CancelRejected, Fields, Message, Report
from simulator.values.requests import Request
from simulator.values.words import OrdType, TimeInForce

_UNSUPPORTED = "3"  # BusinessRejectReason (380).
_MISSING = "5"
_LAST_UPDATE_TIME = 779  # Of a snapshot (W): wanted in FIX 5.0 SP2, unknown in 4.4.
_DOLLARS = "3"  # CommType (13): an absolute amount.
_SELECTED, _ALL = "1", "7"  # MassStatusReqType (585), MassCancelRequestType (530): security, all.

_NEEDS_PRICE = {OrdType.LIMIT, OrdType.STOP_LIMIT, OrdType.LIMIT_ON_CLOSE}
_NEEDS_STOP = {OrdType.STOP, OrdType.STOP_LIMIT}
_PEG_INSTRUCTIONS = {"2": "M", "4": "P", "5": "R"}  # PegPriceType (1094) as ExecInst (18).


class Unplayed(NamedTuple):
    """Why a message is answered with a BusinessMessageReject (35=j)."""

    reason: str  # BusinessRejectReason (380).
    text: str
    reference: str = ""  # BusinessRejectRefID (379).


def read_request(message: Incoming, client: str, dictionary: Dictionary) -> Request | Unplayed:
    """What a message asks; `client` is the session's name."""
    reader = _READERS.get(message.kind)
    if reader is None:
        return Unplayed(_UNSUPPORTED, f"MsgType(35) {message.kind} is not played here")
    missing = _missing(message)
    if missing:
        reference = message.get(_REFERENCES.get(message.kind, "11"))
        return Unplayed(_MISSING, f"{dictionary.name(missing)} is required here", reference)
    return reader(message, client, dictionary)


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


def _missing(message: Incoming) -> str:
    """The tag that this message would have to have; empty when it has all."""
    fields = message.fields
    kind = message.kind
    needed = _NEEDED.get(kind, ())
    if kind in ("D", "G"):
        if "152" not in fields:
            needed += ("38",)
        ord_type = fields.get("40")
        if ord_type in _NEEDS_PRICE:
            needed += ("44",)
        if ord_type in _NEEDS_STOP:
            needed += ("99",)
        if fields.get("59") == TimeInForce.GTD and "126" not in fields:
            needed += ("432",)
    elif fields.get(_SCOPES.get(kind, "")) == _SELECTED:
        needed += ("55",)
    for tag in needed:
        if tag not in fields and not (tag == "38" and "152" in fields):  # Or CashOrderQty.
            return tag
    return ""


def _new_order(message: Incoming, client: str, dictionary: Dictionary) -> Request:
    get = message.fields.get
    return requests.NewOrder(
        client,
        get("11", ""),
        get("55", ""),
        get("54", ""),
        get("38", ""),
        get("40", ""),
        get("44", ""),
        get("59", "0"),
        get("48", ""),
        get("1", ""),
        get("583", ""),
        get("526", ""),
        get("99", ""),
        _shown(message),
        get("110", ""),
        _instructions(message),
        get("211", ""),
        get("126", ""),
        get("432", ""),
        get("528", ""),
        get("847", ""),
        _rows(message, dictionary, "957", "958", "960"),
        get("168", ""),
        get("849", ""),
        _rows(message, dictionary, "78", "79", "80"),
        get("97") == "Y",
        get("152", ""),
        get("15", ""),
    )


def _replace(message: Incoming, client: str, dictionary: Dictionary) -> Request:  # noqa: ARG001  A reader.
    get = message.fields.get
    return requests.ReplaceOrder(
        client,
        get("11", ""),
        get("41", ""),
        get("55", ""),
        get("54", ""),
        get("38", ""),
        get("40", ""),
        get("44", ""),
        get("59", ""),
        get("1", ""),
        get("583", ""),
        get("526", ""),
        get("99", ""),
        _shown(message),
        get("110", ""),
        _instructions(message),
        get("211", ""),
        get("126", ""),
        get("432", ""),
        get("37", ""),
        get("97") == "Y",
    )


def _cancel(message: Incoming, client: str, dictionary: Dictionary) -> Request:  # noqa: ARG001  A reader.
    get = message.get
    return requests.CancelOrder(
        client,
        get("11"),
        get("41"),
        get("55"),
        get("54"),
        get("38"),
        get("1"),
        get("583"),
        get("526"),
        get("37"),
        get("97") == "Y",
    )


def _status(message: Incoming, client: str, dictionary: Dictionary) -> Request:  # noqa: ARG001  A reader.
    get = message.get
    return requests.AskStatus(
        client,
        get("11"),
        get("55"),
        get("54"),
        get("1"),
        get("37"),
        get("790"),
        get("583"),
        get("526"),
    )


def _market_data(message: Incoming, client: str, dictionary: Dictionary) -> Request:
    get = message.get
    return requests.AskMarketData(
        client,
        get("262"),
        get("263"),
        get("264"),
        get("265"),
        _column(message, dictionary, "267", "269"),
        _column(message, dictionary, "146", "55"),
    )


def _allocate(message: Incoming, client: str, dictionary: Dictionary) -> Request:
    get = message.get
    return requests.Allocate(
        client,
        get("70"),
        get("71"),
        get("626"),
        get("55"),
        get("54"),
        get("53"),
        get("6"),
        get("75"),
        _column(message, dictionary, "73", "11"),
        _rows(message, dictionary, "78", "79", "80"),
    )


def _session_status(message: Incoming, client: str, dictionary: Dictionary) -> Request:
    get = message.get
    session = get("336")
    if dictionary.version is Version.FIX50SP2:
        session = fifty.session_asked_for(session)
    return requests.AskSessionStatus(client, get("335"), get("263"), session)


def _plain(make: Callable[..., Request], *tags: str) -> "_Reader":
    """A reader for a request whose parts are fields as they stand."""
    return lambda message, client, _: make(client, *[message.get(tag) for tag in tags])


_Reader = Callable[[Incoming, str, Dictionary], Request]
_READERS: dict[str, _Reader] = {
    "D": _new_order,
    "F": _cancel,
    "G": _replace,
    "H": _status,
    "J": _allocate,
    "V": _market_data,
    "AF": _plain(requests.AskMassStatus, "584", "585", "55", "1"),
    "q": _plain(requests.MassCancel, "11", "530", "55", "54"),
    "x": _plain(requests.AskSecurityList, "320", "559", "55"),
    "e": _plain(requests.AskSecurityStatus, "324", "263", "55"),
    "g": _session_status,
    "AT": _plain(requests.AllocationReportAck, "755", "70", "87", "58"),
}
_NEEDED = {
    "D": ("55",),
    "F": ("55",),
    "G": ("55",),
    "H": ("55",),
    "J": ("55", "54"),
    "e": ("55",),
}
_SCOPES = {"AF": "585", "q": "530"}
_REFERENCES = {
    "AF": "584", "V": "262", "x": "320", "e": "324", "g": "335", "J": "70", "AT": "755",
}  # fmt: skip


def _shown(message: Incoming) -> str:
    """Shares shown: MaxFloor (111), or DisplayQty (1138) of FIX 5.0."""
    return message.get("111") or message.get("1138")


def _instructions(message: Incoming) -> str:
    """ExecInst (18), with PegPriceType (1094) of FIX 5.0 as the instruction that it replaced."""
    given = message.get("18")
    peg = _PEG_INSTRUCTIONS.get(message.get("1094"), "")
    return given if not peg or peg in given.split(" ") else f"{given} {peg}".strip()


def _instances(message: Incoming, dictionary: Dictionary, count: str) -> list[dict[str, str]]:
    if count not in message.fields:
        return []
    return group(message.pairs, count, *dictionary.members(message.kind, count))


def _rows(
    message: Incoming, dictionary: Dictionary, count: str, first: str, second: str
) -> tuple[tuple[str, str], ...]:
    found = _instances(message, dictionary, count)
    return tuple((one.get(first, ""), one.get(second, "")) for one in found)


def _column(message: Incoming, dictionary: Dictionary, count: str, tag: str) -> tuple[str, ...]:
    return tuple(one.get(tag, "") for one in _instances(message, dictionary, count))


def _given(fields: Fields) -> str:
    return "".join([f"{tag}={value}\x01" for tag, value in fields if value])


def _report(one: Report) -> str:
    """ExecutionReport, in the order that it always had."""
    reason = "" if one.rej_reason is None else f"103={one.rej_reason}\x01"
    restated = "" if one.restatement_reason is None else f"378={one.restatement_reason}\x01"
    traded = "" if one.last_qty is None else f"32={one.last_qty}\x01"
    fee = f"12={one.fee}\x0113={_DOLLARS}\x01" if one.fee else ""
    security = (
        f"48={one.security_id}\x0122={_id_source(one.security_id)}\x01" if one.security_id else ""
    )
    before = _given(((41, one.orig_cl_ord_id), (526, one.secondary_id), (583, one.link_id)))
    terms = _given(
        ((40, one.ord_type), (44, one.price), (99, one.stop_price), (59, one.time_in_force))
    )
    after = _given(one.extra) if one.extra else ""
    return (
        f"37={one.order_id}\x01"
        f"{f'11={one.cl_ord_id}{chr(1)}' if one.cl_ord_id else ''}{before}"
        f"17={one.exec_id}\x01{f'19={one.exec_ref_id}{chr(1)}' if one.exec_ref_id else ''}"
        f"150={one.exec_type}\x0139={one.ord_status}\x01{reason}{restated}"
        f"{f'1={one.account}{chr(1)}' if one.account else ''}"
        f"{f'55={one.symbol}{chr(1)}' if one.symbol else ''}{security}"
        f"54={one.side}\x0138={one.order_qty}\x01{terms}"
        f"{traded}{f'31={one.last_px}{chr(1)}' if one.last_px else ''}"
        f"151={one.leaves_qty}\x0114={one.cum_qty}\x016={one.avg_px}\x01"
        f"75={one.trade_date}\x0160={one.transact_time}\x01{fee}"
        f"{f'58={one.text}{chr(1)}' if one.text else ''}{after}"
    )


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


def _id_source(security_id: str) -> str:
    """SecurityIDSource (22): ISIN (4) for what looks like one, else the venue's own symbol (8)."""
    return "4" if len(security_id) == 12 and security_id[:2].isalpha() else "8"
