"""The names that scripts use: those of the FIX dictionary, and what they are on the wire."""

from enum import StrEnum

from simulator.values.words import ExecType, OrdStatus, OrdType, TimeInForce


def _camel(member: StrEnum) -> str:
    """PARTIALLY_FILLED -> PartiallyFilled."""
    return "".join(word.capitalize() for word in member.name.split("_"))


EXEC_TYPES = {_camel(member): member for member in ExecType}
ORD_STATUSES = {_camel(member): member for member in OrdStatus}
ORD_TYPES = {_camel(member): member for member in OrdType}
TIMES_IN_FORCE = {
    "Day": TimeInForce.DAY,
    "GTC": TimeInForce.GTC,
    "OPG": TimeInForce.OPG,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
    "CLS": TimeInForce.CLS,
}
NEW_ORDER = "NewOrderSingle"
CANCEL = "OrderCancelRequest"
REPLACE = "OrderCancelReplaceRequest"
STATUS = "OrderStatusRequest"
MSG_TYPES = {NEW_ORDER: "D", CANCEL: "F", REPLACE: "G", STATUS: "H"}
CANCEL_REJECT = "CancelReject"  # Said in a script where OrderCancelReject (9) is meant.
VENUE_SAYS = {*EXEC_TYPES, CANCEL_REJECT}


def name_of(member: StrEnum) -> str:
    """How scripts and people call a code: PARTIALLY_FILLED -> PartiallyFilled."""
    return _camel(member)
