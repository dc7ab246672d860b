"""Questions: what is asked of the venues before anything new is sent to them, and when."""

from collections.abc import Callable, Iterable, Mapping

from structlog.typing import FilteringBoundLogger

from domain.orders import Alarm, Order, OrdStatus
from domain.ports import Clock, OutboxBody, StatusRequest, UnitOfWork, Vault
from gateway import changes, codec, doubts
from gateway.alarms import tell
from gateway.change_questions import ChangeQuestions
from gateway.gate import Throttle
from gateway.list_questions import ListQuestions
from gateway.mass_status import MassStatus
from gateway.ports import FixEngine, Monotonic
from gateway.settings import VenueProfile
from gateway.standing import Standing


class Questions:
    """Open questions of all venues. The outbox's thread asks; whoever hears an answer tells."""

    def __init__(
        self,
        *,
        vault: Vault,
        clock: Clock,
        monotonic: Monotonic,
        engine: FixEngine,
        throttles: Mapping[str, Throttle],
        acknowledgement_seconds: float,
        wake: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        """`wake`: there is something to do for the outbox."""
        self._vault = vault
        self._clock = clock
        self._monotonic = monotonic
        self._engine = engine
        self._throttles = throttles
        self._acknowledgement_seconds = acknowledgement_seconds
        self._wake = wake
        self._log = log
        self._standing = Standing(throttles)
        self.mass_status = MassStatus(acknowledgement_seconds, monotonic)
        self._changes = ChangeQuestions(acknowledgement_seconds, vault=vault, clock=clock, log=log)
        self._lists = ListQuestions(
            vault=vault,
            clock=clock,
            monotonic=monotonic,
            engine=engine,
            throttles=throttles,
            patience_seconds=acknowledgement_seconds,
            log=log,
        )

    def logged_on(self, venue: str) -> None:
        """A session came up or broke off: open questions are asked before anything new is sent."""
        self._lists.logged_on(venue)
        self._standing.logged_on(venue, self._monotonic())
        self._wake()

    def booked(self, cl_ord_ids: Iterable[str], requests: Iterable[str] = ()) -> None:
        """The venue spoke of these orders, so doubts may be gone; these requests it answered."""
        self._standing.answered(cl_ord_ids)
        self._changes.answered(requests)
        self._wake()

    def recount(self, venue: str) -> None:
        """Somebody else put orders of `venue` in doubt: the gate shuts until they are counted."""
        self._standing.doubted(venue)
        self._wake()

    def mass_status_told(self, venue: str, *, has_ended: bool) -> None:
        """The venue has told of one of its open orders, or of the last one."""
        if not has_ended:
            self.mass_status.told(venue)
            return
        self.mass_status.answered(venue)
        self._wake()

    def list_told(self, venue: str, list_id: str) -> None:
        """The venue has told of all orders of a list, or will not."""
        self._lists.answered(venue, list_id)
        self._wake()

    def is_one_for_many_awaited(self, venue: str) -> bool:
        """Whether an answer is owed that may make questions about single orders needless."""
        return self.mass_status.is_awaited(venue) or self._lists.is_awaited(venue)

    def has_settled(self, venue: str, body: OutboxBody, order: Order | None) -> bool:
        """Whether such an answer has made this question needless."""
        if not isinstance(body, StatusRequest):
            return False
        many = (self.mass_status, self._lists)
        return any(one.has_settled(venue, body, order) for one in many)

    def ask_about_lists(self, profile: VenueProfile) -> None:
        """Ask about lists with orders in doubt, once for each doubt.

        No answer about all open orders says whether a list that waits has begun.
        """
        if profile.dialect.lists_wait or not profile.mass_status:
            self._lists.ask(profile, self._standing.doubts(profile.venue))

    def is_gate_open(self, venue: str) -> bool:
        """Whether a new order for `venue` would be sent, kill switches aside."""
        return self._standing.is_sure(venue) and not self.mass_status.is_awaited(venue)

    def hold(self, uow: UnitOfWork, venue: str) -> str:
        """Why new orders wait, empty when they do not."""
        if self.mass_status.is_awaited(venue):
            return "the venue is being asked for all its orders"
        if in_doubt := self.count_doubts(uow, venue):
            return f"{in_doubt} orders of the venue are in doubt"
        if self._standing.is_settling(venue, self._monotonic()):
            return "the venue may still ask for what it missed"
        return ""

    def count_doubts(self, uow: UnitOfWork, venue: str) -> int:
        """How many orders are in doubt; the database is only asked while there may be some.

        `uow` writes: what anybody puts in doubt meanwhile is counted after it.
        """
        if self._standing.in_doubt(venue) == 0:
            return 0
        before = self._standing.doubts(venue)
        count = doubts.unresolved(uow, venue)
        self._standing.counted(venue, count, before)
        return count

    def look_again(self, venue: str) -> None:
        """Count the doubts where there is nothing to send: the gate may be open again."""
        if self._standing.in_doubt(venue) == 0:
            return
        before = self._standing.doubts(venue)
        with self._vault.read() as view:
            count = doubts.unresolved(view, venue)
        self._standing.counted(venue, count, before)

    def ask_after_logon(self, profile: VenueProfile) -> None:
        """Queue what is open since the last session, once for each logon."""
        venue = profile.venue
        if not self._standing.is_unasked(venue):
            return
        before = self._standing.doubts(venue)
        with self._vault.write() as uow:
            sent = sum(one.sent and one.intent.venue == venue for one in uow.orders.open())
            alarms = doubts.after_logon(uow, venue, self._clock.now())
            unanswered = changes.ask_about_all(uow, venue, self._clock.now())
            in_doubt = doubts.unresolved(uow, venue)
        self._standing.counted(venue, in_doubt, before)
        self._standing.asked(venue)
        self._changes.expect(unanswered, self._monotonic())
        if profile.mass_status and sent:
            self._ask_for_all(profile, sent)
        tell(self._log, alarms)

    def _ask_for_all(self, profile: VenueProfile, open_orders: int) -> None:
        """One question instead of many; where it cannot be asked, the many are asked."""
        at = self._clock.now()
        self.mass_status.asked(profile.venue, at)
        question = codec.encode_mass_status(at, profile.account, profile.dialect)
        if self._engine.send(profile.session.name, question):
            self._throttles[profile.venue].spend(1)
            self._log.info("mass_status_asked", venue=profile.venue, open_orders=open_orders)
        else:
            self.mass_status.answered(profile.venue)

    def expect_answers(self, orders: Iterable[str], requests: Iterable[str]) -> None:
        """These orders, and requests to change some, are about to be sent."""
        now = self._monotonic()
        self._standing.expect(orders, now)
        self._changes.expect(requests, now)

    def expect_none(self, cl_ord_ids: Iterable[str]) -> None:
        """These never left."""
        names = tuple(cl_ord_ids)
        self._standing.answered(names)
        self._changes.answered(names)

    def ask_the_silent(self) -> None:
        """Ask about orders and changes that the venue has not answered in time."""
        now = self._monotonic()
        for cl_ord_id in self._standing.silent_since(now - self._acknowledgement_seconds):
            self.doubt(cl_ord_id, f"no answer in {self._acknowledgement_seconds:g} s")
        if self._changes.ask_the_silent(now):
            self._wake()

    def doubt(self, cl_ord_id: str, why: str) -> None:
        """Put an order in doubt that no venue has spoken of."""
        with self._vault.write() as uow:
            order = uow.orders.get(cl_ord_id)
            alarms: tuple[Alarm, ...] = ()
            if order is not None and order.status is OrdStatus.INTENDED:
                alarms = doubts.raise_doubts(uow, [order], why, self._clock.now())
                venue = order.intent.venue
                self._standing.doubted(venue)
        self._standing.answered([cl_ord_id])
        tell(self._log, alarms)
        self._wake()
