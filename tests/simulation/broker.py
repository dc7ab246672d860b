"""The simulated broker: the bundled one, which works orders in slices on an exchange of its own.

To a client it is a venue like any other. What strangers and operators do happens on its
exchange, where its child orders trade; only cancels and the day's end are also the broker's.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from simulator.broker.floor import BrokerFloor
from simulator.broker.rules import BrokerRules, Rest
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.running.house import INSIDER, Ask, House, Operate, Turn
from simulator.values.floor import Refused
from simulator.values.messages import Message
from simulator.values.requests import Request

_FLOOR = "XBRK"  # Its exchange.
_OF_STRANGERS = frozenset({"inject", "halt", "resume"})
_OF_TRADES = frozenset({"bust", "correct"})


class Broker:
    """A `simulator.values.floor.Floor`: the broker as its clients see it."""

    def __init__(self, name: str, random: Random, instruments: Mapping[str, Instrument]) -> None:
        self._name = name
        exchange = Rules(
            name=_FLOOR,
            seed=random.randrange(10**6),
            order_delay=timedelta(seconds=random.choice((0, 0, 2))),
        )
        broker = BrokerRules(
            name=name,
            works_on=(_FLOOR,),
            fee_per_share=Decimal("0.003"),
            slice_interval=timedelta(seconds=random.choice((1, 5))),
            horizon=timedelta(seconds=60),
            rest=random.choice(list(Rest)),
        )
        self._house = House(
            {
                _FLOOR: ExchangeFloor(exchange, instruments),
                name: BrokerFloor(broker, {_FLOOR: instruments}),
            }
        )
        self._now = datetime.min.replace(tzinfo=UTC)
        self._slices: dict[str, str] = {}  # Of each ExecID of ours, that of the child's execution.

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer a client."""
        return self._said(self._turn(now, Ask(self._name, request)))

    def wake(self, now: datetime) -> list[Message]:
        """Send the slices that are due."""
        return self._said(self._turn(now))

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """What an exchange's operators do, and the broker's own. Raises Refused."""
        places = [_FLOOR] if name in _OF_STRANGERS | _OF_TRADES else [self._name]
        if name in _OF_TRADES:
            slice_id = self._slices.get(str(arguments["exec_id"]))
            arguments = {**arguments, "exec_id": slice_id or "none"}
        if name == "end-of-day":
            places.append(_FLOOR)
        said: list[Message] = []
        for place in places:
            turn = self._turn(now, Operate(place, name, arguments))
            if isinstance(answer := turn.answers[0], Refused):
                raise answer
            said += self._said(turn)
        return {}, said

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """Its orders; it takes no allocations."""
        if path == ("allocations",):
            return {"instructions": []}
        return self._house.floors[self._name].view(path)

    def _turn(self, now: datetime, *inputs: Ask | Operate) -> Turn:
        self._now = max(now, self._now)  # A house's time never goes back.
        turn = self._house.turn(self._now, inputs)
        child = ""
        for venue, trade in turn.trades:  # The child's first, then the client's that it makes.
            if venue == _FLOOR and INSIDER in trade.client:
                child = trade.exec_id
            elif venue == self._name:
                self._slices[trade.exec_id] = child
        return turn

    def _said(self, turn: Turn) -> list[Message]:
        return [message for venue, message in turn.said if venue == self._name]
