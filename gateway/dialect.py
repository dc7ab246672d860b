"""A dialect: how one broker or venue wants to be spoken to.

What two brokers do differently is data here, not code: which kinds of order they
take, by which fields their algorithms are asked for, and what they want beside. An
order that a dialect has no words for is never sent in other words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from domain.allocations import AllocationMode
from domain.exact import ZERO
from domain.orders import Algo, OrderIntent, OrdType, PegTo, Strategy, TimeInForce

TARGET_STRATEGY = 847
EXPIRE_TIME = "126"  # The tag.


class Kind(StrEnum):
    """What we send, by MsgType (35)."""

    NEW = "D"
    CANCEL = "F"
    REPLACE = "G"
    STATUS = "H"
    LIST = "E"
    LIST_CANCEL = "K"
    LIST_EXECUTE = "L"
    LIST_STATUS = "M"
    ALLOCATION = "J"
    ALLOCATION_ANSWER = "AT"
    MASS_STATUS = "AF"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomTag:
    """A field that the broker wants beside ours: `text`, with {names} filled in."""

    tag: int
    text: str
    kinds: frozenset[Kind] = frozenset(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoForm:
    """By which fields one algorithm is asked for.

    A parameter is a tag, or a StrategyParameterName (958) where `grouped`; an empty
    one is not taken by the broker.
    """

    value: str  # What names the algorithm, in `tag`.
    tag: int = TARGET_STRATEGY
    grouped: bool = False
    start: str = "168"  # EffectiveTime.
    end: str = EXPIRE_TIME
    participation: str = "849"  # ParticipationRate.
    in_percent: bool = False  # A tenth of the volume is 10, not 0.1.
    fixed: tuple[tuple[str, str], ...] = ()  # Parameters that never change.

    @property
    def tags(self) -> frozenset[int]:
        """Every tag that it may write, but for those of the group."""
        if self.grouped:
            return frozenset({self.tag})
        names = (self.start, self.end, self.participation, *(name for name, _ in self.fixed))
        return frozenset({self.tag, *(int(name) for name in names if name)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one venue is spoken to. The default is plain FIX 4.4 without algorithms."""

    is_fifty: bool = False  # FIX 5.0 SP2 over FIXT 1.1.
    handling: str = "1"  # HandlInst (21): automated, nobody intervenes.
    kinds: frozenset[OrdType] = frozenset(OrdType)
    times: frozenset[TimeInForce] = frozenset(TimeInForce)
    pegs: frozenset[PegTo] = frozenset(PegTo)
    expire_times: bool = False  # It takes ExpireTime (126), an instant, beside ExpireDate (432).
    algos: Mapping[Strategy, AlgoForm] = field(default_factory=lambda: MappingProxyType({}))
    maximum_quantity: int | None = None  # Shares of one order.
    maximum_notional: int | None = None  # Dollars of one order.
    tags: tuple[CustomTag, ...] = ()
    allocations: AllocationMode = AllocationMode.NONE
    daily_allocations: bool = False  # Of an order of several days: an instruction a day.
    accounts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    # By our account: what the broker calls it, where that is not the same.
    list_orders: int = 0  # Orders in one NewOrderList (35=E); 0: the venue takes no lists.
    lists_wait: bool = False  # A list is begun by a ListExecute (35=L).
    asks_lists: bool = False  # It answers a ListStatusRequest (35=M).
    list_algos: bool = False  # Orders of a list may name its algorithms.

    @property
    def list_tags(self) -> frozenset[int]:
        """What its algorithms write into an order of a list, beside StrategyParameters."""
        forms = self.algos.values() if self.list_algos else ()
        return frozenset(tag for form in forms for tag in form.tags)

    def unsupported(self, intent: OrderIntent) -> str | None:
        """Why the venue does not take the order, in a sentence; None when it does."""
        peg = None if intent.peg is None else intent.peg.to
        refusal = self.refusal(
            intent.venue, intent.ord_type, intent.time_in_force, peg=peg, algo=intent.algo
        )
        return refusal or self._too_exact(intent) or self._too_large(intent)

    def refusal(
        self,
        venue: str,
        kind: OrdType,
        time: TimeInForce,
        *,
        peg: PegTo | None = None,
        algo: Algo | None = None,
    ) -> str | None:
        """Why no order of such a kind goes to `venue`, whose dialect this is; None when it does."""
        if kind not in self.kinds:
            return f"{venue} takes no {words(kind)} orders (kinds of its profile)"
        if time not in self.times:
            return f"{venue} takes no {words(time)} orders (times of its profile)"
        if peg is not None and peg not in self.pegs:
            return f"{venue} takes no {words(peg)} pegs (pegs of its profile)"
        return None if algo is None else self._unworkable(venue, algo)

    def _too_exact(self, intent: OrderIntent) -> str | None:
        if intent.expires_at is None:
            return None
        if not self.expire_times:
            return (
                f"{intent.venue} takes a last day and no time of day (expire_times of its profile)"
            )
        form = self.algos.get(intent.algo.strategy) if intent.algo and intent.algo.end else None
        if form is not None and not form.grouped and form.end == EXPIRE_TIME:
            return (
                f"{intent.venue} takes its algorithm's end in the field of the order's last instant"
                " (126): give one of them, or a last day"
            )
        return None

    def _too_large(self, intent: OrderIntent) -> str | None:
        """Over the broker's own limits, which may be narrower than the firm's."""
        most, dollars = self.maximum_quantity, self.maximum_notional
        if most is not None and intent.quantity > most:
            return f"{intent.venue} takes {most:,} shares in an order (maximum_quantity)"
        price = intent.limit_price or max(intent.reference_price, intent.stop_price or ZERO)
        if dollars is not None and intent.quantity * price > dollars:
            return f"{intent.venue} takes ${dollars:,} in an order (maximum_notional)"
        return None

    def _unworkable(self, venue: str, algo: Algo) -> str | None:
        form = self.algos.get(algo.strategy)
        if form is None:
            return f"{venue} has no algorithm {algo.strategy} (strategies of its profile)"
        if algo.strategy is Strategy.POV and algo.participation is None:
            return "POV needs a participation: which part of the volume"
        for name, wanted, taken in (
            ("start", algo.start, form.start),
            ("end", algo.end, form.end),
            ("participation", algo.participation, form.participation),
        ):
            if wanted is not None and not taken:
                return f"{algo.strategy} of {venue} takes no {name} (strategies of its profile)"
        return None


def words(member: StrEnum) -> str:
    """A kind, a time in force or a peg as the profile's tables spell it."""
    return member.name.lower()
