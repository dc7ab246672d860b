"""A floor of two: scenarios for the symbols that are theirs, the exchange for everything else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from simulator.values.floor import Floor
from simulator.values.messages import Message
from simulator.values.requests import (
    AskMassStatus,
    AskStatus,
    CancelOrder,
    Connected,
    Disconnected,
    NewOrder,
    ReplaceOrder,
    Request,
)

_ORDER_REQUESTS = (NewOrder, ReplaceOrder, CancelOrder, AskStatus)
_PREFIX = "scenario"


class Followed(Floor, Protocol):
    """A floor that another one can follow."""

    def standing(self) -> dict[str, int]: ...

    def follow(self, standing: Mapping[str, int]) -> None: ...


class Scenarios(Followed, Protocol):
    """A floor that knows which symbols are its own."""

    def plays(self, symbol: str) -> bool: ...


class Exchange(Followed, Protocol):
    """A floor with markets of its own."""

    def oversleep(self, now: datetime) -> None: ...


class MixedFloor:
    """Both floors hear of connections; an order goes where its symbol belongs."""

    def __init__(self, exchange: Exchange, scenarios: Scenarios) -> None:
        self._exchange = exchange
        self._scenarios = scenarios

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request."""
        if isinstance(request, Connected | Disconnected):
            return self._exchange.handle(request, now) + self._scenarios.handle(request, now)
        floor: Floor = self._exchange
        other: Floor = self._scenarios
        if isinstance(request, (*_ORDER_REQUESTS, AskMassStatus)) and self._scenarios.plays(
            request.symbol
        ):
            floor, other = other, floor
        return other.wake(now) + floor.handle(request, now)

    def wake(self, now: datetime) -> list[Message]:
        """Let happen what is due until `now`."""
        return self._exchange.wake(now) + self._scenarios.wake(now)

    def oversleep(self, now: datetime) -> None:
        """Markets do not make up for the time until now."""
        self._exchange.oversleep(now)

    def standing(self) -> dict[str, int]:
        """Open orders, and the counters of both floors."""
        plays = self._scenarios.standing()
        return {
            **self._exchange.standing(),
            **{f"{_PREFIX}_{name}": count for name, count in plays.items()},
        }

    def follow(self, standing: Mapping[str, int]) -> None:
        """Use no id again that a floor before this one used."""
        self._exchange.follow(standing)
        prefix = f"{_PREFIX}_"
        plays = {name: count for name, count in standing.items() if name.startswith(prefix)}
        self._scenarios.follow({name.removeprefix(prefix): count for name, count in plays.items()})

    def next_due(self) -> datetime | None:
        """When something will next happen by itself."""
        dues = [self._exchange.next_due(), self._scenarios.next_due()]
        return min((due for due in dues if due is not None), default=None)

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """Operations of scenarios have names that begin with `scenario`. Raises Refused."""
        floor = self._scenarios if name.startswith(_PREFIX) else self._exchange
        return floor.operate(name, arguments, now)

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """("scenarios", ...), or what the exchange shows. Raises Refused."""
        floor = self._scenarios if path[:1] and path[0].startswith(_PREFIX) else self._exchange
        return floor.view(path)
