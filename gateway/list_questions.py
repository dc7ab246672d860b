"""ListStatusRequest (35=M): one question about a list whose orders are in doubt.

While its answer is awaited the questions about single orders wait. Those that the answer settled
are taken back; an order that it left open is asked about alone, as where no answer comes.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from domain.orders import Order, OrdStatus
from domain.ports import Clock, OutboxBody, StatusRequest, Vault
from gateway import codec
from gateway.gate import Throttle
from gateway.ports import FixEngine, Monotonic
from gateway.settings import VenueProfile

_FEWEST = 2  # Orders in doubt; one is asked about alone.


@dataclass(frozen=True, slots=True)
class _Asked:
    at: datetime
    until: float  # Seconds of the monotonic clock.
    names: frozenset[str]


class ListQuestions:
    """Which lists were asked about. The outbox's thread asks; the inbox's hears. Thread-safe."""

    def __init__(
        self,
        *,
        vault: Vault,
        clock: Clock,
        monotonic: Monotonic,
        engine: FixEngine,
        throttles: Mapping[str, Throttle],
        patience_seconds: float,
        log: FilteringBoundLogger,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._monotonic = monotonic
        self._engine = engine
        self._throttles = throttles
        self._patience_seconds = patience_seconds
        self._log = log
        self._lock = threading.Lock()
        self._looked: dict[str, int] = {}  # By venue: at how many doubts.
        self._asked: dict[str, dict[str, _Asked]] = {}  # By venue and ListID.
        self._awaited: dict[str, set[str]] = {}

    def logged_on(self, venue: str) -> None:
        """What was asked in another session is asked anew."""
        with self._lock:
            self._looked.pop(venue, None)
            self._asked.pop(venue, None)
            self._awaited.pop(venue, None)

    def ask(self, profile: VenueProfile, doubts: int) -> None:
        """Ask about each list with orders in doubt; `doubts` counts how often some were raised."""
        venue = profile.venue
        if not profile.dialect.asks_lists or self._looked.get(venue) == doubts:
            return
        with self._vault.read() as view:
            lists = _in_doubt(view.orders.open(), venue)
        for list_id, names in lists.items():
            with self._lock:
                before = self._asked.get(venue, {}).get(list_id)
            if before is not None and names <= before.names:
                continue
            if not self._throttles[venue].available(self._monotonic()):
                return  # The rest in a moment.
            self._ask_one(profile, list_id, names)
        self._looked[venue] = doubts

    def _ask_one(self, profile: VenueProfile, list_id: str, names: frozenset[str]) -> None:
        venue = profile.venue
        asked = _Asked(self._clock.now(), self._monotonic() + self._patience_seconds, names)
        with self._lock:
            self._asked.setdefault(venue, {})[list_id] = asked
            self._awaited.setdefault(venue, set()).add(list_id)
        text = codec.encode_list_status(list_id, profile.account, profile.dialect)
        if self._engine.send(profile.session.name, text):
            self._throttles[venue].spend(1)
            self._log.info("list_status_asked", venue=venue, list=list_id, in_doubt=len(names))
        else:
            self.answered(venue, list_id)

    def answered(self, venue: str, list_id: str) -> None:
        """The last part of the answer is booked, or there will be none."""
        with self._lock:
            self._awaited.get(venue, set()).discard(list_id)

    def is_awaited(self, venue: str) -> bool:
        """Whether single questions wait; a venue that stays silent is not waited for for ever."""
        with self._lock:
            awaited, asked = self._awaited.get(venue), self._asked.get(venue, {})
            if not awaited:
                return False
            now = self._monotonic()
            awaited -= {one for one in awaited if now >= asked[one].until}
            return bool(awaited)

    def has_settled(self, venue: str, body: OutboxBody, order: Order | None) -> bool:
        """Whether a question that was queued before its list's needs no asking any more."""
        if order is None or order.intent.list_id is None or not isinstance(body, StatusRequest):
            return False
        with self._lock:
            asked = self._asked.get(venue, {}).get(order.intent.list_id)
        if asked is None or body.requested_at > asked.at:
            return False
        return not (order.in_doubt or order.pending or order.status is OrdStatus.INTENDED)


def _in_doubt(orders: Iterable[Order], venue: str) -> Mapping[str, frozenset[str]]:
    """By ListID: the orders in doubt, where there are enough of them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for order in orders:
        list_id = order.intent.list_id
        if list_id is not None and order.in_doubt and order.intent.venue == venue:
            found[list_id].add(order.intent.cl_ord_id)
    return {one: frozenset(names) for one, names in found.items() if len(names) >= _FEWEST}
