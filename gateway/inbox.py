"""The inbox: whatever a venue sent, committed with its sequence number, booked once.

Everything that is queued is taken at once and committed together. A message
that cannot be applied is kept raw with an alarm, in a transaction of its own
that commits: a sick database can delay a fill but never turn it into a
quarantined one.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

from structlog.typing import FilteringBoundLogger

from domain.errors import TryAgainError
from domain.ports import Clock, ExecutionSink, Vault
from gateway import list_answers, mass_status, notices
from gateway.alarms import tell
from gateway.arrivals import Arrival, ArrivalKind
from gateway.intake import Desk, Intake, count
from gateway.right_of_way import RightOfWay, Slice
from gateway.sequence import SequenceTracker
from gateway.settings import Connection
from gateway.wiretext import value_of

_FAILURES = 5
_PAUSE_SECONDS = 0.2
_PENDING, _STATUS = frozenset({"6", "E"}), "I"  # OrdStatus; ExecType.
_AHEAD = 32  # Messages: as many as the database is told of at a time.
_COUNTED_ONLY = frozenset({ArrivalKind.ADMIN, ArrivalKind.GAP_FILL})

Pause = Callable[[float], bool]  # Waits so many seconds; whether we are to stop.


class Inbox:
    """Between the engine and the database. One thread calls `take`."""

    def __init__(
        self,
        *,
        vault: Vault,
        sink: ExecutionSink,
        clock: Clock,
        connections: Sequence[Connection],
        right_of_way: RightOfWay,
        on_booked: Callable[[Sequence[str], Sequence[str]], None],
        on_doubt: Callable[[str], None],
        on_mass_status: Callable[[str, bool], None],
        on_list_status: Callable[[str, str], None],
        pause: Pause,
        log: FilteringBoundLogger,
    ) -> None:
        self._vault = vault
        self._desk = Desk(sink, clock, connections)
        self._right_of_way = right_of_way
        self._on_booked = on_booked
        self._on_doubt = on_doubt
        self._on_mass_status = on_mass_status
        self._on_list_status = on_list_status
        self._pause = pause
        self._log = log
        self._trackers: dict[str, SequenceTracker] = {}

    def start(self, durable: dict[str, int]) -> None:
        """Begin after the last committed number of each session."""
        self._trackers = {session: SequenceTracker(number) for session, number in durable.items()}

    def durable(self, session: str) -> int:
        """The last inbound number up to which everything is accounted for."""
        tracker = self._trackers.get(session)
        return tracker.contiguous if tracker else 0

    def take(self, batch: Sequence[Arrival]) -> bool:
        """Commit what arrived, in its order; in several transactions while others wait to write.

        False when we are stopping and the database is away: nothing after it may be booked.
        """
        rest = batch
        while rest:
            self._right_of_way.give()
            try:
                rest = rest[self._commit(rest) :]
            except Exception as error:  # noqa: BLE001 - each message is tried alone before it is judged
                self._log.error("inbox_commit_failed", messages=len(rest), error=str(error))
                return all(map(self._take_alone, rest))
        return True

    def keep(self, arrival: Arrival) -> None:
        """Commit what has no inbound number, at once and on any thread; raises what fails."""
        assert arrival.sequence == 0
        with self._vault.write() as uow:
            intake = Intake(self._desk, uow)
            intake.take(SequenceTracker(0), arrival, keep_raw=False)
            self._shut_gates(intake)
        tell(self._log, intake.alarms)

    def _take_alone(self, arrival: Arrival) -> bool:
        """One message, one transaction; kept raw only when it fails again and again by itself."""
        attempt = failures = 0
        while True:
            attempt += 1
            try:
                self._commit([arrival], keep_raw=failures >= _FAILURES)
            except Exception as error:  # noqa: BLE001 - the message waits until the database is back
                failures += not isinstance(error, TryAgainError)
                self._log.error(
                    "inbox_commit_failed",
                    session=arrival.session,
                    sequence=arrival.sequence,
                    attempt=attempt,
                    error=str(error),
                )
                if self._pause(min(_PAUSE_SECONDS * attempt, 5.0)):
                    return False  # Not durable, so the next start asks the venue for it again.
            else:
                return True

    def _commit(self, batch: Sequence[Arrival], *, keep_raw: bool = False) -> int:
        """How many of them, from the first on, are committed."""
        trackers = deepcopy(self._trackers)
        if all(arrival.kind in _COUNTED_ONLY for arrival in batch):
            for arrival in batch:
                count(trackers[arrival.session], arrival)
            self._trackers = trackers
        else:
            with self._vault.write(takes_along=not keep_raw) as uow:
                intake = Intake(self._desk, uow)
                part = self._right_of_way.begin()
                batch = batch[: _book(intake, trackers, batch, part, keep_raw=keep_raw)]
                self._shut_gates(intake)
                part.booked()
            part.committed()
            self._trackers = trackers
            tell(self._log, intake.alarms)
        self._answered(batch)
        return len(batch)

    def _shut_gates(self, intake: Intake) -> None:
        """Before the commit: a claim that comes right after it must count the doubts."""
        for session in intake.doubted:
            self._on_doubt(session)

    def _answered(self, batch: Sequence[Arrival]) -> None:
        for arrival in batch:
            if mass_status.is_part(arrival.raw):
                self._on_mass_status(arrival.session, mass_status.ends(arrival.raw))
            if list_id := list_answers.told_of(arrival):
                self._on_list_status(arrival.session, list_id)
        told = (
            arrival.raw
            for arrival in batch
            if arrival.session not in self._desk.copies
            and value_of(arrival.raw, 35) not in notices.KINDS
        )
        named = [(name, raw) for raw in told if (name := value_of(raw, 11))]
        self._on_booked(
            [name for name, _ in named],
            [name for name, raw in named if _decides(raw)],
        )


def _decides(raw: str) -> bool:
    """Whether a change that a report names is answered by it: neither pending nor asked about."""
    return value_of(raw, 39) not in _PENDING and value_of(raw, 150) != _STATUS


def _book(
    intake: Intake,
    trackers: dict[str, SequenceTracker],
    batch: Sequence[Arrival],
    part: Slice,
    *,
    keep_raw: bool,
) -> int:
    """How many were booked before others had to be let in."""
    for booked, arrival in enumerate(batch):
        if booked and not part.goes_on():
            return booked
        if booked % _AHEAD == 0:
            intake.foresee(batch[booked : booked + _AHEAD])
        intake.take(trackers[arrival.session], arrival, keep_raw=keep_raw)
    return len(batch)
