"""BusinessMessageReject (35=j): a message that a floor does not take."""

from simulator.values.messages import Note
from simulator.values.requests import Request

_UNSUPPORTED = "3"  # BusinessRejectReason (380).
_MSG_TYPES = {
    "AskMassStatus": "AF",
    "MassCancel": "q",
    "AskMarketData": "V",
    "AskSecurityList": "x",
    "AskSecurityStatus": "e",
    "AskSessionStatus": "g",
    "Allocate": "J",
    "AllocationReportAck": "AT",
    "NewList": "E",
    "ExecuteList": "L",
    "CancelList": "K",
    "AskListStatus": "M",
}


def not_supported(request: Request, text: str) -> Note:
    """The text says what the floor takes instead."""
    kind = _MSG_TYPES.get(type(request).__name__, "")
    return Note(request.client, "j", ((372, kind), (380, _UNSUPPORTED), (58, text)))
