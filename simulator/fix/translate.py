"""Fields of a message to what a client asks.

The dictionary has looked at a message before it comes here: types and enumerations hold. What is
needed only in some cases (Price of a limit order) is looked at here, and answered with a
BusinessMessageReject: "conditionally required field missing".
"""

from collections.abc import Callable
from typing import NamedTuple

from simulator.fix import fifty
from simulator.fix.codec import Incoming, first_of_each, group, instances
from simulator.fix.dictionary import Dictionary
from simulator.fix.profile import Version
from simulator.values import requests
from simulator.values.requests import Request
from simulator.values.words import OrdType, TimeInForce

_UNSUPPORTED = "3"  # BusinessRejectReason (380).
_MISSING = "5"
_SELECTED = "1"  # MassStatusReqType (585), MassCancelRequestType (530): of a security.

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
    missing = _missing(message, dictionary)
    if missing:
        reference = message.get(_REFERENCES.get(message.kind, "11"))
        return Unplayed(_MISSING, f"{dictionary.name(missing)} is required here", reference)
    return reader(message, client, dictionary)


def _missing(message: Incoming, dictionary: Dictionary) -> str:
    """The tag that this message would have to have; empty when it has all."""
    fields = message.fields
    kind = message.kind
    if kind == "E":
        each = (_missing(one, dictionary) for one in _listed(message, dictionary))
        return next((tag for tag in each if tag), "")
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


def _new_order(message: Incoming, client: str, dictionary: Dictionary) -> requests.NewOrder:
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
        get("70", ""),
    )


def _new_list(message: Incoming, client: str, dictionary: Dictionary) -> Request:
    get = message.get
    orders = tuple(
        (one.get("67"), _new_order(one, client, dictionary)._replace(list_id=get("66")))
        for one in _listed(message, dictionary)
    )
    return requests.NewList(
        client, get("66"), get("394"), get("68"), get("433"), get("893"), orders
    )


def _listed(message: Incoming, dictionary: Dictionary) -> list[Incoming]:
    """The orders of a NewOrderList, each as the message that it would be alone."""
    found = instances(message.pairs, "73", *dictionary.members("E", "73"))
    return [Incoming("D", first_of_each(pairs), pairs, b"") for pairs in found]


def _replace(message: Incoming, client: str, dictionary: Dictionary) -> Request:
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
        _rows(message, dictionary, "78", "79", "80"),
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
        get("72"),
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
    "E": _new_list,
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
    "K": _plain(requests.CancelList, "66"),
    "L": _plain(requests.ExecuteList, "66"),
    "M": _plain(requests.AskListStatus, "66"),
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
    "E": "66",
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
