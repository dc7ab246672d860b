"""What is about to be booked, seen from afar: for speed only, so what looks odd is passed over."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from domain.ports import ComingFill
from gateway.arrivals import Arrival, ArrivalKind
from gateway.wiretext import value_of

_TRADES = frozenset({"F", "1", "2"})  # ExecType: Trade, and as FIX 4.2 said it.


def coming_fills(arrivals: Iterable[Arrival], venues: Mapping[str, str]) -> Iterator[ComingFill]:
    """The fills among them that say their TradeDate; `venues` are by session."""
    for arrival in arrivals:
        if arrival.kind is not ArrivalKind.APPLICATION:
            continue
        if value_of(arrival.raw, 150) not in _TRADES:
            continue
        name, exec_id, day = (value_of(arrival.raw, tag) for tag in (11, 17, 75))
        if _is_plain(name) and _is_plain(exec_id) and (when := _day(day)) is not None:
            yield ComingFill(name or "", venues[arrival.session], when, exec_id or "")


def _is_plain(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isprintable()


def _day(text: str | None) -> date | None:
    if text is None or len(text) != 8 or not text.isdigit():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
