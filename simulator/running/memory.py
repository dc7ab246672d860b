"""The memory of the process: the journal, and what can be made from it again.

A turn collects items; `commit` makes them one durable record. Each session's sequence numbers and
messages sent are here too: its store (`simulator.fix.store.Store`) is a window on the journal.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from simulator.running.executions import Executions
from simulator.running.journal import Batch, Item, Journal, Kind, Place
from simulator.running.operation_text import write_operation
from simulator.running.sent import SentIndex
from simulator.values.messages import Report

_SAID = (Kind.OUT, Kind.OWN)


class SessionLengths(NamedTuple):
    """What a checkpoint notes of a session."""

    next_in: int
    next_out: int
    length: int  # Of its index.
    base: int
    first: int


class SessionMemory:
    """Sequence numbers and sent messages of one session."""

    def __init__(self, name: str, memory: "Memory", path: Path) -> None:
        self.name = name
        self.next_in = 1
        self.next_out = 1
        self.index = SentIndex(path)
        self.known = (1, 1)  # Both numbers as the journal has them.
        self._memory = memory
        self._following = 1  # The least number that the next message may have without going back.

    def append(self, number: int, raw: bytes) -> None:
        """Keep a message; durable at the next commit."""
        if number < self._following:
            self._memory.note(Kind.CONTINUE, self.name, number)
        self._following = number + 1
        self._memory.note(self._memory.speaking, self.name, number, raw)

    def read(self, first: int, last: int) -> Iterable[tuple[int, bytes]]:
        """Messages from `first` to `last`, by number."""
        places = self.index.find(first, last)
        found = [(number, self._memory.journal.read(place)) for number, place in places]
        for item in self._memory.items:
            if item.name != self.name:
                continue
            if item.kind is Kind.RESET:
                found.clear()
            elif item.kind is Kind.CONTINUE:
                found = [one for one in found if one[0] < item.number]
            elif item.kind in _SAID and first <= item.number <= last:
                found.append((item.number, item.raw))
        return found

    def reset(self) -> None:
        """Both numbers begin again at 1."""
        self._memory.note(Kind.RESET, self.name, 0)
        self.next_in = self.next_out = self._following = 1

    def take(self, item: Item, place: Place) -> None:
        """Follow an item of the journal: in a commit, and when it is played again."""
        self.known = _after(self.known, item)
        if item.kind in _SAID:
            self.index.add(item.number, place)
        elif item.kind in (Kind.RESET, Kind.CONTINUE) and self.known[1] <= self.index.count:
            self.index.go_back(self.known[1])

    def follow(self) -> None:
        """Take over the numbers of the journal."""
        self.next_in, self.next_out = self.known
        self._following = self.index.count + 1

    def lengths(self) -> SessionLengths:
        """For a checkpoint; the index is on disk."""
        self.index.sync()
        index = self.index
        return SessionLengths(self.next_in, self.next_out, index.length, index.base, index.first)

    def go_back(self, lengths: SessionLengths) -> None:
        """To what a checkpoint noted."""
        self.known = (lengths.next_in, lengths.next_out)
        self.next_in, self.next_out = self.known
        self.index.cut(lengths.length, lengths.base, lengths.first)
        self._following = self.index.count + 1


class Memory:
    """All files of a state directory but the checkpoints."""

    def __init__(
        self,
        directory: Path,
        sessions: Iterable[str],
        venues: Iterable[str],
        *,
        durable: bool = True,
    ) -> None:
        """`sessions` are named VENUE/CLIENT."""
        self.directory = directory
        self.journal = Journal(directory / "journal", durable=durable)
        self.items: list[Item] = []  # Of the turn under way.
        self.speaking = Kind.OWN  # Who says what is appended to a session.
        sent = directory / "sent"
        self.sessions = {
            name: SessionMemory(name, self, sent / f"{name.replace('/', '~')}.index")
            for name in sessions
        }
        self.executions = {venue: Executions(directory / venue, venue) for venue in venues}

    def note(self, kind: Kind, name: str, number: int, raw: bytes = b"") -> None:
        """An item of the turn under way."""
        self.items.append(Item(kind, name, number, raw))

    def note_operation(self, venue: str, name: str, arguments: Mapping[str, object]) -> None:
        """What an operator asked of a venue."""
        self.note(Kind.OPERATION, venue, 0, write_operation(name, arguments))

    def keep(self, trades: Iterable[tuple[str, Report]]) -> None:
        """Executions, for the end of the day."""
        for venue, report in trades:
            self.executions[venue].add(report)
        for executions in self.executions.values():
            executions.flush()

    def commit(self, now: datetime, *, even_if_empty: bool = False) -> bool:
        """Make the turn durable; whether there was anything."""
        self._note_numbers()
        if not self.items and not even_if_empty:
            return False
        items, self.items = self.items, []
        self._follow(items, self.journal.write(now, items))
        return True

    def play(self, segment: int, batch: Batch) -> None:
        """Follow a record that was written before."""
        places = [
            Place(segment, offset, len(item.raw))
            for item, offset in zip(batch.items, batch.places, strict=True)
        ]
        self._follow(batch.items, places)
        for session in self.sessions.values():
            session.follow()

    def close(self) -> None:
        """Let go of every file."""
        self.journal.close()
        for session in self.sessions.values():
            session.index.close()
        for executions in self.executions.values():
            executions.close()

    def _note_numbers(self) -> None:
        """Numbers that were used up without an item: heartbeats, rejects, gap fills."""
        expected = {name: one.known for name, one in self.sessions.items()}
        for item in self.items:
            if item.name in expected:
                expected[item.name] = _after(expected[item.name], item)
        for name, session in self.sessions.items():
            next_in, next_out = expected[name]
            if session.next_in != next_in:
                self.note(Kind.EXPECT, name, session.next_in)
            if session.next_out != next_out:
                self.note(Kind.CONTINUE, name, session.next_out)

    def _follow(self, items: Iterable[Item], places: Iterable[Place]) -> None:
        for item, place in zip(items, places, strict=True):
            session = self.sessions.get(item.name)
            if session is not None:
                session.take(item, place)
        for session in self.sessions.values():
            session.index.flush()


def _after(known: tuple[int, int], item: Item) -> tuple[int, int]:
    """The numbers of a session after an item."""
    next_in, next_out = known
    if item.kind in _SAID:
        return next_in, item.number + 1
    if item.kind is Kind.IN:
        return item.number + 1, next_out
    if item.kind is Kind.EXPECT:
        return item.number, next_out
    if item.kind is Kind.CONTINUE:
        return next_in, item.number
    return (1, 1) if item.kind is Kind.RESET else known
