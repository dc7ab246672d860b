"""An exchange that also plays scenarios: orders in symbols such as D13.TEST go to the player."""

from datetime import datetime

from simulator.scenarios.player import ScenarioFloor
from simulator.values.floor import Floor
from simulator.values.messages import Message
from simulator.values.requests import (
    AskStatus,
    CancelOrder,
    Connected,
    Disconnected,
    NewOrder,
    ReplaceOrder,
    Request,
)


class Beside:
    """Two floors behind one door; everything but scenario orders is the exchange's."""

    def __init__(self, exchange: Floor, scenarios: ScenarioFloor) -> None:
        self.exchange, self.scenarios = exchange, scenarios

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """To the floor that the symbol names."""
        if isinstance(request, NewOrder | CancelOrder | ReplaceOrder | AskStatus):
            if self.scenarios.plays(request.symbol):
                return self.exchange.wake(now) + self.scenarios.handle(request, now)
        elif isinstance(request, Connected | Disconnected):
            return self.scenarios.handle(request, now) + self.exchange.handle(request, now)
        if self.scenarios.next_due() is None:
            return self.exchange.handle(request, now)
        return self.scenarios.wake(now) + self.exchange.handle(request, now)

    def wake(self, now: datetime) -> list[Message]:
        """What is due on both, each floor's in its own order."""
        return self.exchange.wake(now) + self.scenarios.wake(now)

    def next_due(self) -> datetime | None:
        """The earlier of the two."""
        due = [one for one in (self.exchange.next_due(), self.scenarios.next_due()) if one]
        return min(due, default=None)

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """scenario-* to the player, everything else to the exchange. Raises Refused."""
        if name.startswith("scenario-"):
            said = self.exchange.wake(now)
            answer, more = self.scenarios.operate(name, arguments, now)
            return answer, said + more
        said = self.scenarios.wake(now)
        answer, more = self.exchange.operate(name, arguments, now)
        return answer, said + more

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """("scenarios", ...) of the player, everything else of the exchange. Raises Refused."""
        if path[:1] == ("scenarios",):
            return self.scenarios.view(path)
        return self.exchange.view(path)
