"""Recovery: the newest checkpoint, then the journal played again.

What a venue would say now must be what it said then, byte for byte but for header and trailer. To
take over sequence numbers is not enough: a house that differs from what its clients were told would
go on telling them things that never happened. So a difference refuses the start and is named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from simulator.running.checkpoint import Plain, newest
from simulator.running.house import Ask, House, Input, Operate, Overslept, Turn
from simulator.running.journal import Batch, Item, JournalError, Kind
from simulator.running.memory import Memory
from simulator.running.operation_text import read_operation
from simulator.values.messages import Message
from simulator.values.requests import Connected, Disconnected, Request

_ASKED = frozenset({Kind.IN, Kind.CONNECTED, Kind.DISCONNECTED, Kind.OPERATION, Kind.OVERSLEPT})


class Wire(Protocol):
    """What the journal needs to know of FIX."""

    def request(self, session: str, raw: bytes) -> Request:
        """The request in a message that was taken before."""
        ...

    def body(self, session: str, message: Message) -> bytes:
        """A message as it goes out, between its header and its checksum."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a process begins with."""

    house: House
    latest: datetime | None  # When the last thing happened; None on the very first start.
    records: int = 0  # How many were played.
    begins: bool = False  # The house is new, and no journal leads to it: it wants a checkpoint.


def recover(
    directory: Path, memory: Memory, wire: Wire, *, settings: str, build: Callable[[], House]
) -> Recovered:
    """The house as it was. Raises JournalError."""
    checkpoint = newest(directory, settings)
    if checkpoint is not None and checkpoint.house is None:
        following = _follow(memory, checkpoint.plain, build)
        if following is not None:
            return following
        checkpoint = None
    house = build() if checkpoint is None or checkpoint.house is None else checkpoint.house
    _go_back(memory, None if checkpoint is None else checkpoint.plain)
    return _play(memory, wire, house, 1 if checkpoint is None else checkpoint.plain.segment)


def _play(memory: Memory, wire: Wire, house: House, first: int) -> Recovered:
    records, latest = 0, house.now
    for segment, batch in memory.journal.batches(first):
        turn = house.turn(batch.now, [_input(one, wire) for one in batch.items if _is_asked(one)])
        _compare(memory, segment, batch, turn, wire)
        memory.keep(turn.trades)
        memory.play(segment, batch)
        latest = batch.now
        records += 1
    return Recovered(house=house, latest=latest, records=records)


def _follow(memory: Memory, plain: Plain, build: Callable[[], House]) -> Recovered | None:
    """A new house after one that was stopped in order, by another program or configuration.

    None when the old one was not stopped in order: then the journal must tell. Sequence numbers,
    executions and counters go on. Raises JournalError when orders would be lost.
    """
    if memory.journal.segment != plain.segment or memory.journal.length:
        return None
    is_open = {venue: one["open_orders"] for venue, one in plain.standing.items()}
    if any(is_open.values()):
        shown = ", ".join(f"{count} at {venue}" for venue, count in is_open.items() if count)
        raise JournalError(
            f"{memory.directory}: orders are open ({shown}), and the program, venues.toml or the "
            "prices are others than those they were taken with: set them back and end the day "
            "(trimtab venues end-of-day), or move the directory away and start anew"
        )
    house = build()
    house.follow(plain.standing)
    _go_back(memory, plain)
    latest = datetime.fromisoformat(plain.now) if plain.now else None
    return Recovered(house=house, latest=latest, begins=True)


def _go_back(memory: Memory, plain: Plain | None) -> None:
    for venue, executions in memory.executions.items():
        executions.cut(plain.executions.get(venue, {}) if plain else {})
    for name, session in memory.sessions.items():
        if plain is not None and name in plain.sessions:
            session.go_back(plain.sessions[name])
        else:
            session.index.cut(0)


def _is_asked(item: Item) -> bool:
    return item.kind in _ASKED


def _input(item: Item, wire: Wire) -> Input:
    if item.kind is Kind.OPERATION:
        return Operate(item.name, *read_operation(item.raw))
    if item.kind is Kind.OVERSLEPT:
        return Overslept()
    venue, _, client = item.name.partition("/")
    if item.kind is Kind.CONNECTED:
        return Ask(venue, Connected(client))
    if item.kind is Kind.DISCONNECTED:
        return Ask(venue, Disconnected(client))
    return Ask(venue, wire.request(item.name, item.raw))


def _compare(memory: Memory, segment: int, batch: Batch, turn: Turn, wire: Wire) -> None:
    """Raise JournalError unless the turn says what the record says."""
    then = [item for item in batch.items if item.kind is Kind.OUT]
    now = [
        (f"{venue}/{message.client}", message)
        for venue, message in turn.said
        if f"{venue}/{message.client}" in memory.sessions
    ]
    for place in range(max(len(then), len(now))):
        name, said = (then[place].name, then[place].raw) if place < len(then) else ("", b"")
        if place < len(now):
            session, message = now[place]
            body = wire.body(session, message)
            if session == name and said[:-_TRAILER].endswith(body):
                continue
            would = f"say to {session}: {_shown(body)}"
        else:
            would = "say nothing"
        where = f"{memory.journal.directory}/{segment:06d}.journal"
        raise JournalError(
            f"{where}: what happened at byte {batch.offset} ({batch.now.isoformat()}) does not "
            f"happen again. Then it said to {name or 'nobody'}: {_shown(said)}; now it would "
            f"{would}. The program, venues.toml or the prices are others than then: set them back, "
            "or move the state directory away and start anew"
        )


_TRAILER = len(b"10=000\x01")


def _shown(raw: bytes) -> str:
    text = raw.decode("ascii", "replace").replace("\x01", "|")
    return text or "nothing"
