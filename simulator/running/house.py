"""The house: every floor of the process, and what happens to messages on their way out.

Pure: time is an argument, a turn is a function of what went in before it, and the whole can be
pickled. So a checkpoint and the journal after it make the same house again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from simulator.running.copies import DropCopies
from simulator.running.fault_player import FaultPlayer
from simulator.running.faults import Act
from simulator.values.floor import Floor, Refused
from simulator.values.messages import Message, Report
from simulator.values.requests import Request
from simulator.values.words import ExecType

INSIDER = "~"  # In a client's name: a floor of this house that trades on another one.
_TRADES = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})


class Ask(NamedTuple):
    """A client's request to a venue."""

    venue: str
    request: Request


class Operate(NamedTuple):
    """An operator's request."""

    venue: str
    name: str
    arguments: dict[str, object]


class Overslept(NamedTuple):
    """The process was away: markets go on from now, as if nothing had been due before."""


Input = Ask | Operate | Overslept


@runtime_checkable
class Insider(Protocol):
    """A floor whose own orders work on other floors of the house."""

    def hear(self, venue: str, message: Message, now: datetime) -> list[Message]:
        """What a venue said to this floor's own name there."""
        ...

    def errands(self) -> list[tuple[str, Request]]:
        """What this floor wants to ask of other venues now, each once."""
        ...


@runtime_checkable
class Sleeper(Protocol):
    """A floor with a market that need not make up for lost time."""

    def oversleep(self, now: datetime) -> None:
        """What its market would have done until now is left out."""
        ...


@runtime_checkable
class Followed(Protocol):
    """A floor that another one, made from another configuration, can follow."""

    def standing(self) -> dict[str, int]:
        """Open orders (open_orders), and whatever a successor must count on from."""
        ...

    def follow(self, standing: Mapping[str, int]) -> None:
        """Count on from there."""
        ...


@dataclass(slots=True)
class Turn:
    """What a turn came to."""

    said: list[tuple[str, Message]] = field(default_factory=list)  # Venue and message, in order.
    trades: list[tuple[str, Report]] = field(default_factory=list)  # Busts, corrections as well.
    acts: list[Act] = field(default_factory=list)  # What the session layer is to do.
    answers: list[dict[str, object] | Refused] = field(default_factory=list)  # To operators.


class House:
    """Floors by venue. Within one instant the order of venues is that of the configuration."""

    def __init__(
        self,
        floors: Mapping[str, Floor],
        *,
        faults: Mapping[str, FaultPlayer] | None = None,
        copies: Mapping[str, DropCopies] | None = None,
        linked: bool = False,
    ) -> None:
        """`linked`: some floor looks at another, so they must live in step."""
        self.floors = dict(floors)
        self.faults = dict(faults or {})
        self.copies = dict(copies or {})
        self.now: datetime | None = None  # Of the last turn.
        self._insiders = {
            name: floor for name, floor in self.floors.items() if isinstance(floor, Insider)
        }
        self._in_step = linked or bool(self.faults) or bool(self._insiders)

    def turn(self, now: datetime, inputs: Sequence[Input] = ()) -> Turn:
        """Let happen what is due until `now`, each thing at its own time; then answer."""
        assert self.now is None or now >= self.now, "time never goes back"
        turn = Turn()
        if inputs and isinstance(inputs[0], Overslept):
            self._oversleep(now)
            inputs = inputs[1:]
        self._until(now, turn)
        self.now = now
        for one in inputs:
            if isinstance(one, Ask):
                self._ask(one, now, turn)
            elif isinstance(one, Operate):
                turn.answers.append(self._operate(one, now, turn))
        for venue, player in self.faults.items():
            self._release(venue, player, now, turn)
        return turn

    def next_due(self) -> datetime | None:
        """When something will next happen by itself."""
        dues = [due for floor in self.floors.values() if (due := floor.next_due()) is not None]
        dues += [due for one in self.faults.values() if (due := one.next_due()) is not None]
        return min(dues, default=None)

    def standing(self) -> dict[str, dict[str, int]]:
        """Of each floor, for a house that follows this one."""
        return {
            venue: floor.standing()
            for venue, floor in self.floors.items()
            if isinstance(floor, Followed)
        }

    def follow(self, standing: Mapping[str, Mapping[str, int]]) -> None:
        """Use no id again that the house before this one used."""
        for venue, floor in self.floors.items():
            if venue in standing and isinstance(floor, Followed):
                floor.follow(standing[venue])

    def _oversleep(self, now: datetime) -> None:
        for floor in self.floors.values():
            if isinstance(floor, Sleeper):
                floor.oversleep(now)

    def _until(self, now: datetime, turn: Turn) -> None:
        """In step, every due time is lived one by one; else each floor does so for itself."""
        while self._in_step and (due := self.next_due()) is not None:
            if due > now:
                break
            self._wake(due if self.now is None else max(due, self.now), turn)
        self._wake(now, turn)

    def _wake(self, now: datetime, turn: Turn) -> None:
        for venue, floor in self.floors.items():
            self._hand_over(venue, floor.wake(now), now, turn)
            self._run_errands(venue, now, turn)
        for venue, player in self.faults.items():
            for operation in player.due_operations(now):
                self._operate(Operate(venue, *operation), now, turn)
            self._release(venue, player, now, turn)

    def _ask(self, asked: Ask, now: datetime, turn: Turn) -> None:
        player = self.faults.get(asked.venue)
        if player is not None:
            turn.acts += player.hear(asked.request)
            refusal = player.refuse(asked.request, now)
            if refusal is not None:
                self._hand_over(asked.venue, [refusal], now, turn)
                return
        messages = self.floors[asked.venue].handle(asked.request, now)
        self._hand_over(asked.venue, messages, now, turn)
        self._run_errands(asked.venue, now, turn)

    def _operate(self, one: Operate, now: datetime, turn: Turn) -> dict[str, object] | Refused:
        try:
            answer, messages = self.floors[one.venue].operate(one.name, one.arguments, now)
        except Refused as refused:
            return refused
        self._hand_over(one.venue, messages, now, turn)
        self._run_errands(one.venue, now, turn)
        return answer

    def _hand_over(self, venue: str, messages: list[Message], now: datetime, turn: Turn) -> None:
        """Note trades, copy, route to insiders, and let faults have their way with the rest."""
        copies, player = self.copies.get(venue), self.faults.get(venue)
        for message in messages:
            if isinstance(message, Report) and message.exec_type in _TRADES:
                turn.trades.append((venue, message))
            if self._insiders and INSIDER in message.client:
                self._tell_insider(venue, message, now, turn)
                continue
            if player is None:
                turn.said.append((venue, message))
            else:
                turn.acts += player.take(message, now)
            if copies is not None:
                turn.said += [(venue, copy) for copy in copies.of(message)]

    def _tell_insider(self, venue: str, message: Message, now: datetime, turn: Turn) -> None:
        name = message.client.partition(INSIDER)[0]
        insider = self._insiders.get(name)
        if insider is not None:
            self._hand_over(name, insider.hear(venue, message, now), now, turn)
            self._run_errands(name, now, turn)

    def _run_errands(self, name: str, now: datetime, turn: Turn) -> None:
        insider = self._insiders.get(name)
        while insider is not None and (errands := insider.errands()):
            for venue, request in errands:
                self._ask(Ask(venue, request), now, turn)

    def _release(self, venue: str, player: FaultPlayer, now: datetime, turn: Turn) -> None:
        messages, acts = player.release(now)
        turn.said += [(venue, message) for message in messages]
        turn.acts += acts
