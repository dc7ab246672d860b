"""What FIX 5.0 SP2 says differently. The venues speak as FIX 4.4 does; here it is put in order.

Source: FIX50SP2.xml as QuickFIX installs it, with the extension packs.
"""

from collections.abc import Callable

from simulator.values.messages import Fields

_DAY = "1"  # TradingSessionID (336): no names of one's own any more.
_SESSIONS = frozenset("1234567")

_HALT_REASONS = {"D": "0", "E": "1", "I": "2", "M": "3", "P": "4", "X": "5"}


def put_in_order(kind: str, fields: Fields) -> Fields:
    """A message's fields as FIX 5.0 SP2 wants them."""
    change = _CHANGES.get(kind)
    return fields if change is None else change(fields)


def session_asked_for(name: str) -> str:
    """TradingSessionID as a client gives it: the day's session is the venue's only one."""
    return "" if name == _DAY else name


def _security_status(fields: Fields) -> Fields:
    """HaltReasonChar (327) has become HaltReasonInt."""
    return tuple(
        (tag, _HALT_REASONS.get(value, value) if tag == 327 else value)
        for tag, value in _session_named(fields)
    )


def _session_named(fields: Fields) -> Fields:
    return tuple(
        (tag, _DAY if tag == 336 and value not in _SESSIONS else value) for tag, value in fields
    )


def _mass_cancel_report(fields: Fields) -> Fields:
    """MassActionReportID (1369) is asked for; affected orders have a tag of their own (1824)."""
    begin = next((at for at, (tag, _) in enumerate(fields) if tag == 534), len(fields))
    identity = dict(fields)[11]
    affected = tuple((1824 if tag == 41 else tag, value) for tag, value in fields[begin:])
    return (*fields[:begin], (1369, identity), *affected)


_CHANGES: dict[str, Callable[[Fields], Fields]] = {
    "f": _security_status,
    "h": _session_named,
    "r": _mass_cancel_report,
}
