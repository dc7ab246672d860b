"""Which arrivals answer a question about a list: its whole status, or that there will be none."""

from gateway.arrivals import Arrival
from gateway.list_status import is_last
from gateway.wiretext import value_of

_REFUSALS = ("3", "j")  # Reject, BusinessMessageReject.
_QUESTION, _CANCEL = "M", "K"
_UNKNOWN_ID = "1"  # BusinessRejectReason (380).


def told_of(arrival: Arrival) -> str:
    """The ListID; empty where it is something else."""
    raw = arrival.raw
    if value_of(raw, 35) == "N":
        return (value_of(raw, 66) or "") if is_last(raw) else ""
    return (value_of(raw, 379) or arrival.order) if refuses(raw) else ""


def refuses(raw: str) -> bool:
    """Whether the venue has no answer: it does not know the list, or takes no such questions."""
    return value_of(raw, 35) in _REFUSALS and value_of(raw, 372) == _QUESTION


def denied(raw: str) -> str:
    """The ListID that the venue was to cancel and does not know; empty for anything else."""
    is_denial = value_of(raw, 35) in _REFUSALS and value_of(raw, 372) == _CANCEL
    return (value_of(raw, 379) or "") if is_denial and value_of(raw, 380) == _UNKNOWN_ID else ""
