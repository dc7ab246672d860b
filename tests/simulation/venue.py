"""The simulated venue: the bundled exchange and its own FIX sessions, without sockets.

Its floor and its sessions' stores survive a crash, as its journal makes them; what it said of
executions is the truth that everything else is compared with.
"""

from collections.abc import Iterable
from datetime import time, timedelta
from decimal import Decimal
from random import Random

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Chain, DayEnd, Rules
from simulator.fix.codec import parse
from simulator.fix.faults import Faults
from simulator.fix.profile import SessionProfile
from simulator.fix.session import Session
from simulator.fix.store import MemoryStore
from simulator.values.floor import Refused
from simulator.values.messages import Message, Note, Report
from simulator.values.requests import Connected, Disconnected
from tests.simulation.back_office import BackOffice
from tests.simulation.broker import Broker
from tests.simulation.clock import SimClock
from tests.simulation.network import Line, Network

CLIENT, COPIES = "TRIMTAB", "TRIMTABDC"
BROKER = "BROK"
TRADES = frozenset("FGH")
LISTED = {
    "XSIM": {"AAPL": ("US0378331005", "148.00"), "KO": ("US1912161007", "63.61")},
    "YSIM": {"XOM": ("US30231G1022", "111.34")},
    BROKER: {"AAPL": ("US0378331005", "148.00")},
}
Trades = dict[tuple[str, str], Report]  # By venue and ExecID, as they were said to us.
_ALWAYS_OPEN = 0.7
_UNKNOWN = 5  # OrdRejReason.
_SPLIT = 0  # ExecRestatementReason.
_ALLOC_ID, _ALLOC_STATUS, _ACCEPTED = 70, 87, "0"
_ODD = (
    {"extra": ((4999, "x"), (5001, "y"))},
    {"exec_type": "Z"},
    {"ord_status": "?"},
    {"time_in_force": "%"},
)


class SimVenue:
    """One exchange, or broker, with a session for orders and one for drop copies.

    Its ExecIDs are its own count: another venue has the same ones.
    """

    def __init__(
        self, name: str, random: Random, clock: SimClock, network: Network, trades: Trades
    ) -> None:
        self.name = name
        self.symbols = tuple(LISTED[name])
        self._random = random
        self._clock = clock
        self._network = network
        self._floor = _floor(name, random)
        self.back_office = BackOffice(COPIES, CLIENT, random)
        self._sessions = {
            client: Session(SessionProfile(venue=name, client=client), MemoryStore())
            for client in (CLIENT, COPIES)
        }
        self._clients = {f"FIX.4.4:{client}->{name}": client for client in self._sessions}
        self.is_forgetful = random.random() < 0.3  # It denies orders that it has, when asked.
        self.denials = 0  # How often it did.
        self.oddity = 0.0  # How likely a report carries what no dictionary knows.
        self._trades = trades
        self.settled: set[object] = set()  # OrderIDs of what was over before a split.
        self.instructed: set[str] = set()  # AllocIDs that it took.

    # The wire.

    @property
    def lines(self) -> list[Line]:
        """Its connections."""
        return [line for line in self._network.lines.values() if line.session in self._clients]

    def receive(self, line: Line) -> None:
        """Take the next message of a line."""
        session = self._session(line)
        raw, now = line.to_venue.popleft(), self._clock.instant()
        if session.online:
            session.receive(raw, now)
        else:
            session.log_on(parse(raw), now)
        self._turn(line, session)

    def hang_up(self, line: Line) -> None:
        """The connection is gone."""
        line.venue_is_up = False
        line.to_venue.clear()
        session = self._session(line)
        session.lost("the connection is gone")
        self._turn(line, session)

    def tick(self) -> None:
        """What is due by time: heartbeats, and what the floor does by itself."""
        self._tell(self._floor.wake(self._clock.now()))
        for line in self.lines:
            if line.venue_is_up:
                session = self._session(line)
                session.tick(self._clock.instant())
                self._turn(line, session)

    def _turn(self, line: Line, session: Session) -> None:
        """Do what was asked, and write what is to be said."""
        asked, session.asked[:] = list(session.asked), []
        for one in asked:
            self._tell(self._floor.handle(one.request, self._clock.now()))
            assert one.raw or isinstance(one.request, Connected | Disconnected)
        self._flush()
        if session.over:
            self.hang_up(line)

    def _session(self, line: Line) -> Session:
        return self._sessions[self._clients[line.session]]

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in map(self._counted, messages):
            for copy in self.back_office.copies_of(message):
                self._say(copy)
            if isinstance(message, Report) and message.exec_type in TRADES:
                self._trades[self.name, message.exec_id] = message
            elif isinstance(message, Report) and message.restatement_reason == _SPLIT:
                self.settled.discard(message.order_id)
            elif isinstance(message, Note) and message.msg_type == "P":
                self._note_instruction(dict(message.fields))
            self._say(self._denied(message) or self._made_odd(message))
        self._flush()

    def _counted(self, message: Message) -> Message:
        """Without the venue's name in its ExecIDs."""
        if not isinstance(message, Report):
            return message
        return message._replace(
            exec_id=message.exec_id.removeprefix(f"{self.name}-"),
            exec_ref_id=message.exec_ref_id.removeprefix(f"{self.name}-"),
        )

    def _note_instruction(self, answer: dict[int, str]) -> None:
        if answer[_ALLOC_STATUS] == _ACCEPTED:
            self.instructed.add(answer[_ALLOC_ID])

    def _say(self, message: Message) -> None:
        if message.client in self._sessions:
            self._sessions[message.client].say(message, self._clock.instant())

    def _denied(self, message: Message) -> Message | None:
        """Another machine of the venue answers, which has not heard of the order yet."""
        is_status = isinstance(message, Report) and message.exec_type == "I" and not message.extra
        if not (self.is_forgetful and is_status):
            return None
        self.denials += 1
        return message._replace(
            order_id="NONE",
            ord_status="8",
            cum_qty=0,
            leaves_qty=0,
            avg_px="0",
            rej_reason=_UNKNOWN,
            text="unknown order",
        )

    def _made_odd(self, message: Message) -> Message:
        is_trade = isinstance(message, Report) and message.exec_type == "F"
        if not is_trade or self._random.random() >= self.oddity:
            return message
        return message._replace(**self._random.choice(_ODD))

    def _flush(self) -> None:
        for line in self.lines:
            session = self._session(line)
            while session.busy:
                session.more(self._clock.instant())
            out = session.take_out(self._clock.monotonic())
            if line.venue_is_up:
                line.to_engine.extend(out)
            if session.faults.cut:
                self.hang_up(line)

    # What its people do.

    def operate(self, name: str, **arguments: object) -> bool:
        """Do what an operator asks; False when the venue refuses."""
        if "exec_id" in arguments:
            arguments["exec_id"] = f"{self.name}-{arguments['exec_id']}"
        self._tell(self._floor.wake(self._clock.now()))  # It happens even if this is refused.
        try:
            _, messages = self._floor.operate(name, arguments, self._clock.now())
        except Refused:
            return False
        self._tell(messages)
        return True

    def split(self, symbol: str, new: int) -> None:
        """After the close: `new` shares of each; what is not restated keeps old shares."""
        self.settled |= {one["order_id"] for one in self.orders() if one["symbol"] == symbol}
        self.operate("split", symbol=symbol, ratio=f"{new}:1")

    def crash(self) -> None:
        """Its process dies and comes back: connections are lost, its memory is not."""
        for line in self.lines:
            if line.venue_is_up:
                self._network.lose(line)
                self.hang_up(line)

    def repeat(self, *, possible_duplicate: bool) -> None:
        """The last report once more."""
        session = self._sessions[CLIENT]
        session.repeat(self._clock.instant(), possible_duplicate=possible_duplicate)
        self._flush()

    def reset_sequence(self, ahead: int) -> None:
        """Its next message is numbered `ahead` further on; what was missing stays missing."""
        session = self._sessions[CLIENT]
        following = session.store.next_out + ahead
        session.reset_sequence(following, self._clock.instant())
        self._flush()

    def refuse_resends(self, seconds: float) -> None:
        session = self._sessions[CLIENT]
        session.faults.refuse_resends(self._clock.monotonic() + seconds)

    def copy_what_never_was(self) -> None:
        """Its back office tells of an execution that it never had."""
        if (copy := self.back_office.invent()) is not None:
            self._say(copy)
            self._flush()

    def lose_one(self) -> None:
        """One message uses up its number and does not leave."""
        self._sessions[CLIENT].faults.lose()

    def heal(self) -> None:
        """Nothing of it goes wrong any more, and everything trades."""
        self.oddity = self.back_office.slips = 0.0
        self.is_forgetful = False
        for session in self._sessions.values():
            session.faults = Faults()
        for symbol in self.symbols:
            self.operate("resume", symbol=symbol)

    def expects(self, session: str) -> int:
        """The number that our next message must have."""
        return self._sessions[self._clients[session]].store.next_in

    # What is true.

    def executions(self) -> list[str]:
        """ExecIDs of what was said of trades, but for those from before a split."""
        return [
            exec_id
            for (venue, exec_id), said in self._trades.items()
            if venue == self.name and said.order_id not in self.settled
        ]

    def orders(self) -> list[dict[str, object]]:
        """Our orders as the venue has them."""
        shown = self._floor.view(("orders",))["orders"]
        assert isinstance(shown, list)
        return [one for one in shown if one["client"] == CLIENT]

    def instructions(self) -> dict[str, dict[str, int]]:
        """What stands of what we said of blocks: shares by account, by AllocID."""
        shown = self._floor.view(("allocations",))["instructions"]
        assert isinstance(shown, list)
        return {
            one["alloc_id"]: {account: int(shares) for account, shares in one["accounts"]}
            for one in shown
        }

    def order_of(self, cl_ord_id: str) -> dict[str, object] | None:
        """The order that had this ClOrdID, if any ever came."""
        return self.by_name().get(cl_ord_id)

    def by_name(self) -> dict[object, dict[str, object]]:
        """Our orders by each ClOrdID that they ever had."""
        return {name: one for one in reversed(self.orders()) for name in _names(one)}


def _names(order: dict[str, object]) -> set[object]:
    chain = order["chain"]
    assert isinstance(chain, list)
    return {order["cl_ord_id"], *chain}


def _floor(name: str, random: Random) -> ExchangeFloor | Broker:
    if name == BROKER:
        return Broker(name, random, _instruments(name))
    return ExchangeFloor(_rules(name, random), _instruments(name))


def _rules(name: str, random: Random) -> Rules:
    return Rules(
        name=name,
        seed=random.randrange(10**6),
        fee_per_share=Decimal("0.003"),
        acknowledge_changes=random.random() < 0.5,
        chained_changes=random.choice(list(Chain)),
        order_delay=timedelta(seconds=random.choice((0, 0, 30))),
        day_end=random.choice(list(DayEnd)),
        report_triggers=random.random() < 0.5,
        **_hours(random),
        allocation_received=random.random() < 0.5,
        allocation_reports=random.random() < 0.5,
    )


def _hours(random: Random) -> dict[str, time]:
    """Most trade always; some begin and end their day by an auction, minutes after ours begins."""
    if random.random() < _ALWAYS_OPEN:
        return {}
    opened = random.choice((time(15, 45, 10), time(15, 46)))
    called = random.choice((time(15, 46, 30), time(15, 48)))
    return {
        "call_time": time(15, 40),
        "open_time": opened,
        "closing_call_time": called,
        "close_time": random.choice((time(15, 48, 30), time(15, 50))),
    }


def _instruments(venue: str) -> dict[str, Instrument]:
    return {
        symbol: Instrument(
            symbol=symbol,
            security_id=security_id,
            price=price,
            ticks=(("0", "0.01"),),
            lots=(("0", 1),),
            average_daily_volume=1_000_000,
        )
        for symbol, (security_id, price) in LISTED[venue].items()
    }
