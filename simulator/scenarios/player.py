"""A floor that plays scripts: for every order, or for orders in symbols such as D13.TEST.

What a script does not foresee is refused with what was expected, and the play goes on.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulator.scenarios.clerk import Clerk
from simulator.scenarios.expecting import OrderRequest, demand, why_not_open
from simulator.scenarios.library import SUFFIX, Library, UnknownScenarioError
from simulator.scenarios.play import Play, Tempo, open_play
from simulator.scenarios.plays import Plays
from simulator.scenarios.refusing import (
    cancel_refused,
    mass_status,
    order_refused,
    security_list,
    status_of,
    unknown_status,
)
from simulator.scenarios.script import ClientStep, Event
from simulator.scenarios.shown import overview, play_shown, script_shown
from simulator.values.floor import Refused
from simulator.values.messages import Message
from simulator.values.refusals import not_supported
from simulator.values.requests import (
    AskMassStatus,
    AskSecurityList,
    AskStatus,
    CancelOrder,
    Connected,
    Disconnected,
    NewOrder,
    ReplaceOrder,
    Request,
)

_TAKES = "scenarios take orders, cancels, replaces, status and security list requests only"


class ScenarioFloor:
    """Many plays at once, each with its own due times."""

    def __init__(
        self,
        venue: str,
        library: Library,
        *,
        always: str = "",
        pace: timedelta = timedelta(seconds=0.5),
        night: timedelta | None = timedelta(seconds=2),
        time_zone: ZoneInfo | None = None,
        market: Decimal = Decimal(100),
    ) -> None:
        """`always` names what every order plays; raises UnknownScenarioError."""
        self._library = library
        self._always = library.find(always) if always else None
        self._tempo = Tempo(pace, night)
        self._clerk = Clerk(venue, time_zone or ZoneInfo("America/New_York"), market)
        self._plays = Plays()
        self._latest = datetime.min.replace(tzinfo=UTC)

    def plays(self, symbol: str) -> bool:
        """Whether an order in this symbol is for this floor."""
        return self._always is not None or symbol.upper().endswith(SUFFIX)

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request, after what is due until `now`."""
        said = self.wake(now)
        at = self._latest
        if isinstance(request, NewOrder | CancelOrder | ReplaceOrder | AskStatus):
            return said + self._order_request(request, at)
        if isinstance(request, Connected):
            return said
        if isinstance(request, Disconnected):
            return said + self._left_alone(request.client)
        if isinstance(request, AskSecurityList):
            return [*said, security_list(request, self._library.scripts)]
        if isinstance(request, AskMassStatus):
            return said + mass_status(request, self._plays.open(), self._clerk, at)
        return [*said, not_supported(request, _TAKES)]

    def wake(self, now: datetime) -> list[Message]:
        """What is due until `now`, each at its own time."""
        said: list[Message] = []
        while (play := self._plays.next()) is not None and play.due is not None and play.due <= now:
            self._latest = max(play.due, self._latest)
            said += play.happen(self._clerk, self._latest)
            self._plays.settle(play)
        self._latest = max(self._latest, now)
        return said

    def standing(self) -> dict[str, int]:
        """The counters of ids, for a floor that follows this one. Plays end with this one."""
        return {"open_orders": 0, "plays": self._plays.count, "executions": self._clerk.executions}

    def follow(self, standing: Mapping[str, int]) -> None:
        """Use no id again that a floor before this one used."""
        self._plays.count = standing["plays"]
        self._clerk.executions = standing["executions"]

    def next_due(self) -> datetime | None:
        """When a venue's step comes next."""
        play = self._plays.next()
        return None if play is None else play.due

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """scenario-start, scenario-next-day, scenario-abandon. Raises Refused."""
        said = self.wake(now)
        if name == "scenario-start":
            return self._call(arguments), said
        chosen = self._chosen(arguments)
        if name == "scenario-next-day":
            chosen = [play for play in chosen if play.waits_for_morning]
            for play in chosen:
                said += play.happen(self._clerk, self._latest)
        elif name == "scenario-abandon":
            for play in chosen:
                play.abandon(self._latest)
        else:
            raise Refused(
                f"the scenarios do not do {name}; they do scenario-start, scenario-next-day and "
                "scenario-abandon"
            )
        for play in chosen:
            self._plays.settle(play)
        return {"plays": [play.number for play in chosen]}, said

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """("scenarios",): all plays; then "scripts", or a script's name, or a play's number."""
        if path == ("orders",):
            return {"orders": [play_shown(play) for play in self._plays.open()]}
        if path[:1] != ("scenarios",) or len(path) > 2:
            raise Refused(f"there is no view {'/'.join(path)}; look at scenarios")
        if len(path) == 1:
            return overview(self._always, self._library, self._plays)
        if path[1] == "scripts":
            return {"scripts": [script_shown(one) for one in self._library.scripts]}
        if path[1].isdigit():
            found = [one for one in self._plays if one.number == int(path[1])]
            if not found:
                raise Refused(f"there is no play {path[1]} any more; look at scenarios")
            return play_shown(found[0], whole=True)
        try:
            script = self._library.find(path[1])
        except UnknownScenarioError as error:
            raise Refused(str(error)) from error
        plays = [play_shown(one) for one in self._plays if one.script is script]
        return {**script_shown(script, whole=True), "plays": plays}

    def _order_request(self, request: OrderRequest, at: datetime) -> list[Message]:
        play = self._plays.of(request)
        if play is None:
            return self._open(request, at)
        if (step := play.awaited(request)) is not None:
            said = play.offer(request, step, self._clerk, at)
            self._plays.took(play, request)
            self._plays.settle(play)
            return said
        is_order = isinstance(request, NewOrder)
        if isinstance(request, AskStatus) or (is_order and request.poss_resend):
            return [status_of(play, request.cl_ord_id, self._clerk, at)]
        if is_order and play.may_begin_anew:
            if play.ended is None:
                play.abandon(at)
                self._plays.settle(play)
            return self._open(request, at)
        why = f"{play.script.id} is over" if play.ended else play.deviate(request, at)
        if isinstance(request, NewOrder):
            return [order_refused(request, why, self._clerk, at, play)]
        return [cancel_refused(request, why, self._clerk, at, play)]

    def _open(self, request: OrderRequest, at: datetime) -> list[Message]:
        try:
            script = self._library.of_symbol(request.symbol) or self._always
        except UnknownScenarioError as error:
            return [self._refuse(request, str(error), at)]
        if script is None:
            return [self._refuse(request, f"{request.symbol} is no scenario's symbol", at)]
        if self._plays.are_too_many:
            return [self._refuse(request, "too many plays are open; abandon some", at)]
        play = open_play(self._plays.count + 1, script, request, self._tempo, at)
        why = why_not_open(script, play.cast, request)
        if why:
            return [self._refuse(request, f"{script.id} cannot begin: {why}", at)]
        self._plays.begin(play)
        said: list[Message] = []
        if isinstance(script.steps[0], Event) and isinstance(request, NewOrder):
            play.take_call(request, self._clerk, at)
        else:
            step = play.awaited(request)
            assert step is not None
            said = play.offer(request, step, self._clerk, at)
            self._plays.took(play, request)
        self._plays.settle(play)
        return said

    def _refuse(self, request: OrderRequest, why: str, at: datetime) -> Message:
        if isinstance(request, NewOrder):
            return order_refused(request, why, self._clerk, at)
        if isinstance(request, AskStatus):
            return unknown_status(request, why, self._clerk, at)
        return cancel_refused(request, why, self._clerk, at)

    def _left_alone(self, client: str) -> list[Message]:
        """Its plays go on, and the client may also begin them anew when it is back."""
        for play in self._plays.open():
            play.left_alone |= play.cast.client == client
        return []

    def _call(self, arguments: dict[str, object]) -> dict[str, object]:
        """The broker takes an order by telephone."""
        try:
            script = self._library.find(str(arguments.get("scenario", "")))
        except UnknownScenarioError as error:
            raise Refused(str(error)) from error
        if isinstance(script.steps[0], ClientStep):
            raise Refused(f"{script.id} begins with the client: {demand(script.steps[0])}")
        client = str(arguments.get("client", ""))
        if not client:
            raise Refused("say which client is called: client")
        order = NewOrder(
            client=client,
            cl_ord_id="",
            symbol=str(arguments.get("symbol", f"{script.id}{SUFFIX}")),
            side=str(arguments.get("side", "1")),
            quantity=str(arguments.get("quantity", script.base)),
            ord_type="1",
        )
        said = self._open(order, self._latest)
        if said:
            raise Refused(str(getattr(said[0], "text", "")))
        return {"play": self._plays.count}

    def _chosen(self, arguments: dict[str, object]) -> list[Play]:
        number = arguments.get("play")
        chosen = [one for one in self._plays.open() if number in {None, one.number}]
        if number is not None and not chosen:
            raise Refused(f"there is no open play {number}; look at scenarios")
        return chosen
