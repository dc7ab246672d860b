"""Endings: orders whose time at their venue is over, and of which it never spoke again.

They are not declared dead before the session has been up for a while, which brings what was
missed, and the venue was asked once more: what it still calls alive, or has filled further than
we know, is left to a person.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from structlog.typing import FilteringBoundLogger

from domain.exact import plain
from domain.orders import Alarm, DayEnded, ExecType, ExecutionReport, Order, OrdStatus
from domain.ports import Clock, ExecutionSink, StatusRequest, UnitOfWork, Vault
from gateway import doubts
from gateway.alarms import tell

_SETTLE_SECONDS = 5.0
_BATCH = 50
_EVERYTHING = 100_000


@dataclass(slots=True)
class _Asked:
    """A question that is out: of whom, and how often each had been answered before."""

    at: float
    answers: dict[str, int]  # By the intent's ClOrdID.
    names: frozenset[str]  # The ClOrdIDs that were asked by.


class Endings(ABC):
    """Looks after what ends at one venue. Seconds are those of a monotonic clock."""

    def __init__(
        self,
        venue: str,
        *,
        vault: Vault,
        sink: ExecutionSink,
        clock: Clock,
        patience_seconds: float,
        up_since: Callable[[], float | None],
        on_question: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        """`patience_seconds` is how long the venue may take to answer.

        `up_since` is since when its session has been up, None while it is not.
        """
        self._venue = venue
        self._vault = vault
        self._sink = sink
        self._clock = clock
        self._patience = patience_seconds
        self._up_since = up_since
        self._on_question = on_question
        self._log = log
        self._concluded: date | None = None  # The occasion up to which everything has ended.
        self._asked: _Asked | None = None

    @abstractmethod
    def _occasion(self) -> date:
        """A day or an instant: it is looked at once, and another one is a reason to look again."""

    @abstractmethod
    def _left_over(self, view: UnitOfWork, now: datetime) -> Iterator[Order]:
        """Open orders of the venue whose time is over."""

    @abstractmethod
    def _over(self, order: Order, occasion: date, /) -> str:
        """That its time is over, in words that go on."""

    @abstractmethod
    def _first_dead_day(self, order: Order, occasion: date, /) -> date:
        """The first trading day on which it is dead."""

    def look(self, now: float) -> None:
        """Ask about what is left over, and later conclude."""
        occasion = self._occasion()
        up_since = self._up_since()
        if occasion == self._concluded or up_since is None or now - up_since < _SETTLE_SECONDS:
            return
        if self._asked is None or self._asked.at < up_since:
            self._ask(occasion, now)
        elif self._is_waiting(self._asked):
            self._asked.at = now  # A question that has not left cannot be answered yet.
        elif now - self._asked.at >= self._patience:
            self._conclude(occasion, self._asked)

    def _ask(self, occasion: date, now: float) -> None:
        with self._vault.read() as view:
            left_over = list(self._left_over(view, self._clock.now()))
            answers = {o.intent.cl_ord_id: len(_answers(view, o)) for o in left_over}
        if not left_over:
            self._concluded, self._asked = occasion, None
            return
        with self._vault.write() as uow:
            doubts.ask(uow, left_over, self._clock.now())
        self._asked = _Asked(now, answers, frozenset(order.current for order in left_over))
        self._log.info("day_rolled", venue=self._venue, day=str(occasion), left_over=len(left_over))
        self._on_question()

    def _is_waiting(self, asked: _Asked) -> bool:
        """Whether a question is still in the outbox: a throttle takes its time."""
        with self._vault.read() as view:
            waiting = view.outbox.waiting(self._venue, _EVERYTHING)
        questions = (one.body for one in waiting if isinstance(one.body, StatusRequest))
        return any(question.cl_ord_id in asked.names for question in questions)

    def _conclude(self, occasion: date, asked: _Asked) -> None:
        """In small commits: fills of the new day do not wait for what is left of the old one."""
        names = list(asked.answers)
        for start in range(0, len(names), _BATCH):
            alarms: list[Alarm] = []
            with self._vault.write() as uow:
                for name in names[start : start + _BATCH]:
                    order = uow.orders.get(name)
                    if order is not None and not order.is_closed:
                        alarms += self._end(uow, order, asked.answers[name], occasion)
            tell(self._log, alarms)
        self._concluded, self._asked = occasion, None
        self._on_question()

    def _end(
        self, uow: UnitOfWork, order: Order, answered_before: int, occasion: date
    ) -> tuple[Alarm, ...]:
        name = order.intent.cl_ord_id
        answers = _answers(uow, order)[answered_before:]
        if answers and answers[-1].cum_qty > order.cum_qty:
            missing = answers[-1].cum_qty - order.cum_qty
            text = f"the day of {name} is over, and {plain(missing)} filled shares are missing"
            return (Alarm(kind="executions_missing", cl_ord_id=name, message=text),)
        if answers and answers[-1].ord_status is not OrdStatus.REJECTED:
            status = answers[-1].ord_status.name
            text = f"the time of {name} is over, but {self._venue} calls it {status}"
            return (Alarm(kind="outlived_its_day", cl_ord_id=name, message=text),)
        why, at = (
            f"{self._over(order, occasion)}, and {self._venue} said nothing",
            self._clock.now(),
        )
        dead = self._first_dead_day(order, occasion)
        return self._sink.apply(uow, DayEnded(cl_ord_id=name, at=at, why=why, day=dead), at)


def _answers(view: UnitOfWork, order: Order) -> list[ExecutionReport]:
    """What the venue has answered to questions about an order, oldest first."""
    return [
        event
        for event in view.orders.events(order.intent.cl_ord_id)
        if isinstance(event, ExecutionReport) and event.exec_type is ExecType.ORDER_STATUS
    ]
