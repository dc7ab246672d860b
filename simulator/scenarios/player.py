"""A floor that plays scripts: for every order, or for orders in symbols such as D13.TEST.

What a script does not foresee is refused with what was expected, and the play goes on.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulator.scenarios.clerk import Clerk
from simulator.scenarios.expecting import OrderRequest, cannot_open, demand, message_of, mismatch
from simulator.scenarios.library import SUFFIX, Library, UnknownScenarioError
from simulator.scenarios.play import Play, Tempo, open_play
from simulator.scenarios.refusing import (
    cancel_refused,
    order_refused,
    security_list,
    status_of,
    unknown_status,
)
from simulator.scenarios.script import ClientStep, Event, Script
from simulator.scenarios.shown import play_shown, script_shown
from simulator.scenarios.words import NEW_ORDER
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
_MOST_ENDED_PLAYS = 1000
_MOST_OPEN_PLAYS = 10_000
_ORDER_REQUESTS = (NewOrder, CancelOrder, ReplaceOrder, AskStatus)


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
        self._plays: dict[int, Play] = {}
        self._ended: deque[Play] = deque()
        self._by_id: dict[tuple[str, str], Play] = {}
        self._listening: dict[tuple[str, str], dict[int, Play]] = {}  # By client and symbol.
        self._due: list[tuple[datetime, int]] = []  # A heap; stale entries are skipped.
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._count = 0

    def plays(self, symbol: str) -> bool:
        """Whether an order in this symbol is for this floor."""
        return self._always is not None or symbol.upper().endswith(SUFFIX)

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request, after what is due until `now`."""
        said = self.wake(now)
        at = self._latest
        if isinstance(request, NewOrder | CancelOrder | ReplaceOrder | AskStatus):
            return said + self._order_request(request, at)
        if isinstance(request, Connected | Disconnected):
            return said
        if isinstance(request, AskSecurityList):
            return [*said, security_list(request, self._library.scripts)]
        if isinstance(request, AskMassStatus):
            return said + self._mass_status(request, at)
        return [*said, not_supported(request, _TAKES)]

    def wake(self, now: datetime) -> list[Message]:
        """What is due until `now`, each at its own time."""
        said: list[Message] = []
        while (play := self._next_play()) is not None and play.due is not None and play.due <= now:
            at = max(play.due, self._latest)
            self._latest = at
            said += play.happen(self._clerk, at)
            self._settle(play)
        self._latest = max(self._latest, now)
        return said

    def next_due(self) -> datetime | None:
        """When a venue's step comes next."""
        play = self._next_play()
        return None if play is None else play.due

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """scenario-start, scenario-next-day, scenario-abandon. Raises Refused."""
        said = self.wake(now)
        if name == "scenario-start":
            return self._call(arguments), said
        if name == "scenario-next-day":
            waiting = [play for play in self._chosen(arguments) if play.waits_for_morning]
            for play in waiting:
                said += play.happen(self._clerk, self._latest)
                self._settle(play)
            return {"plays": [play.number for play in waiting]}, said
        if name == "scenario-abandon":
            chosen = self._chosen(arguments)
            for play in chosen:
                play.abandoned, play.ended, play.due = True, self._latest, None
                self._settle(play)
            return {"plays": [play.number for play in chosen]}, said
        raise Refused(
            f"the scenarios do not do {name}; they do scenario-start, scenario-next-day and "
            "scenario-abandon"
        )

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """("scenarios",): all plays; then "scripts", or a script's name, or a play's number."""
        if path[:1] == ("orders",):
            return {"orders": [play_shown(play) for play in self._plays.values()]}
        if path[:1] != ("scenarios",) or len(path) > 2:
            raise Refused(f"there is no view {'/'.join(path)}; look at scenarios")
        if len(path) == 1:
            return self._overview()
        if path[1] == "scripts":
            return {"scripts": [script_shown(one) for one in self._library.scripts]}
        if path[1].isdigit():
            found = [one for one in self._everything() if one.number == int(path[1])]
            if not found:
                raise Refused(f"there is no play {path[1]} any more; look at scenarios")
            return play_shown(found[0], whole=True)
        try:
            script = self._library.find(path[1])
        except UnknownScenarioError as error:
            raise Refused(str(error)) from error
        plays = [play_shown(one) for one in self._everything() if one.script is script]
        return {**script_shown(script, whole=True), "plays": plays}

    def _order_request(self, request: OrderRequest, at: datetime) -> list[Message]:
        play = self._play_of(request)
        if play is not None and (step := play.awaited(request)) is not None:
            said = play.offer(request, step, self._clerk, at)
            self._remember(play, request)
            self._settle(play)
            return said
        if play is None:
            return self._open(request, at)
        if isinstance(request, AskStatus) or (
            isinstance(request, NewOrder) and request.poss_resend
        ):
            return [status_of(play, request.cl_ord_id, self._clerk, at)]
        why = f"{play.script.id} is over" if play.ended else play.deviate(request, at)
        if isinstance(request, NewOrder):
            return [order_refused(request, why, self._clerk, at, play)]
        return [cancel_refused(request, why, self._clerk, at, play)]

    def _play_of(self, request: OrderRequest) -> Play | None:
        """By the order that it names; else the oldest play that waits for just this."""
        origin = getattr(request, "orig_cl_ord_id", request.cl_ord_id)
        named = self._by_id.get((request.client, origin))
        if named is not None:
            return named
        listening = self._listening.get((request.client, request.symbol), {})
        return next((one for one in listening.values() if one.awaited(request)), None)

    def _open(self, request: OrderRequest, at: datetime) -> list[Message]:
        try:
            script = self._library.of_symbol(request.symbol) or self._always
        except UnknownScenarioError as error:
            return [self._refuse(request, str(error), at)]
        if script is None:
            return [self._refuse(request, f"{request.symbol} is no scenario's symbol", at)]
        if len(self._plays) >= _MOST_OPEN_PLAYS:
            return [self._refuse(request, "too many plays are open; abandon some", at)]
        play = open_play(self._count + 1, script, request, self._tempo, at)
        why = self._why_not(script, play, request)
        if why:
            return [self._refuse(request, f"{script.id} cannot begin: {why}", at)]
        self._count += 1
        self._plays[play.number] = play
        if isinstance(script.steps[0], Event) and isinstance(request, NewOrder):
            play.take_call(request, self._clerk, at)
            self._settle(play)
            return []
        step = play.awaited(request)
        assert step is not None
        said = play.offer(request, step, self._clerk, at)
        self._remember(play, request)
        self._settle(play)
        return said

    def _why_not(self, script: Script, play: Play, request: OrderRequest) -> str:
        first = script.steps[0]
        begins_with_order = not isinstance(first, ClientStep) or first.message == NEW_ORDER
        if begins_with_order and isinstance(request, NewOrder):
            wrong = cannot_open(script, request)
            if wrong:
                return wrong
        if isinstance(first, ClientStep):
            wrong = mismatch(first, play.cast, request)
            return f"it expects {demand(first)}; {wrong}" if wrong else ""
        if not isinstance(request, NewOrder):
            return f"it expects an order; this was {message_of(request)}"
        return ""

    def _refuse(self, request: OrderRequest, why: str, at: datetime) -> Message:
        if isinstance(request, NewOrder):
            return order_refused(request, why, self._clerk, at)
        if isinstance(request, AskStatus):
            return unknown_status(request, why, self._clerk, at)
        return cancel_refused(request, why, self._clerk, at)

    def _remember(self, play: Play, request: OrderRequest) -> None:
        if not isinstance(request, AskStatus):
            self._by_id.setdefault((request.client, request.cl_ord_id), play)

    def _mass_status(self, request: AskMassStatus, at: datetime) -> list[Message]:
        mine = [
            play
            for play in self._plays.values()
            if play.cast.client == request.client and request.symbol in {"", play.cast.symbol}
        ]
        named = [(play, line) for play in mine for line in play.lines() if line.leaves]
        if not named:
            return [unknown_status(request, "no open order", self._clerk, at)]
        fields = ((584, request.request_id), (911, str(len(named))))
        answers = [status_of(play, line.cl_ord_id, self._clerk, at) for play, line in named]
        last = len(answers) - 1
        return [
            answer._replace(
                extra=(*answer.extra, *fields, (912, "Y" if place == last else "N")),
            )
            for place, answer in enumerate(answers)
        ]

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
        return {"play": self._count}

    def _chosen(self, arguments: dict[str, object]) -> list[Play]:
        number = arguments.get("play")
        chosen = [one for one in self._plays.values() if number in {None, one.number}]
        if number is not None and not chosen:
            raise Refused(f"there is no open play {number}; look at scenarios")
        return chosen

    def _next_play(self) -> Play | None:
        while self._due:
            due, number = self._due[0]
            play = self._plays.get(number)
            if play is not None and play.due == due:
                return play
            heapq.heappop(self._due)
        return None

    def _settle(self, play: Play) -> None:
        """After every change: when it is due, what it listens for, whether it is over."""
        if play.due is not None:
            heapq.heappush(self._due, (play.due, play.number))
        door = (play.cast.client, play.cast.symbol)
        if play.listens:
            self._listening.setdefault(door, {})[play.number] = play
        elif door in self._listening:
            self._listening[door].pop(play.number, None)
            if not self._listening[door]:
                del self._listening[door]
        if play.ended is not None and play.number in self._plays:
            self._keep(self._plays.pop(play.number))

    def _keep(self, play: Play) -> None:
        """An ended play is kept for a while, with the ids that it used."""
        self._ended.append(play)
        if len(self._ended) > _MOST_ENDED_PLAYS:
            gone = self._ended.popleft()
            for name in gone.cast.ids.values():
                self._by_id.pop((gone.cast.client, name), None)

    def _everything(self) -> Iterable[Play]:
        return (*self._ended, *self._plays.values())

    def _overview(self) -> dict[str, object]:
        verdicts = [play.verdict for play in self._ended]
        return {
            "always": self._always.id if self._always else None,
            "scripts": len(self._library.scripts),
            "certified": sum(" certified: " in v and " not " not in v for v in verdicts),
            "not_certified": sum(" not certified: " in verdict for verdict in verdicts),
            "plays": [play_shown(play) for play in self._everything()],
        }
