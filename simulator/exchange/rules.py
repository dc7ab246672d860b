"""How one exchange behaves. Every field stands in venues.toml under the same name."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

_NOTHING = timedelta(0)


class Chain(StrEnum):
    """What a second change of an order gets while the first one is pending."""

    REFUSE = "refuse"  # Rejected: already pending (matrix D.2.d).
    QUEUE = "queue"  # It waits unacknowledged until the first one is decided (D.2.a).
    PENDING = "pending"  # Both are pending (D.2.b).


class DayEnd(StrEnum):
    """What a Day order hears at the close. Good-till orders hear only the second."""

    EXPIRE = "expire"
    DONE_FOR_DAY = "done_for_day"


class OnHalt(StrEnum):
    """What a halt does with an order that has no ExecInst (18) J or K of its own."""

    WAIT = "wait"
    CANCEL = "cancel"


class SelfMatch(StrEnum):
    """Whose orders do not trade with each other."""

    OFF = "off"
    CLIENT = "client"
    FIRM = "firm"


class SelfMatchCancels(StrEnum):
    """Which of an owner's two orders goes when they meet."""

    NEWEST = "newest"  # What is left of the one that came.
    OLDEST = "oldest"  # The one that waited.
    BOTH = "both"


class CanceledName(StrEnum):
    """The ClOrdID of busts and corrections after a cancel (matrix J.1.b)."""

    ORDER = "order"  # The order's, as FIX 4.4 says.
    REQUEST = "request"  # The cancel request's, as FIX 4.2 says.


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One exchange. The times of day are of its own time zone."""

    name: str
    seed: int = 1
    fee_per_share: Decimal = Decimal(0)
    maximum_quantity: int = 10_000_000
    # The day. Without any time the venue trades always, and a day ends when it is told to.
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    call_time: time | None = None  # Orders gather for the opening auction.
    open_time: time | None = None
    closing_call_time: time | None = None  # Orders gather for the closing auction.
    close_time: time | None = None
    trading_days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)  # Monday is 0.
    holidays: frozenset[date] = frozenset()
    day_end: DayEnd = DayEnd.EXPIRE
    restate_good_till: bool = True  # Report Restated for good-till orders every morning.
    # Changes.
    acknowledge_changes: bool = False
    change_delay: timedelta = _NOTHING
    chained_changes: Chain = Chain.REFUSE
    reopen_filled: bool = False  # A replace of a filled order upwards lets it work again (C.1.c).
    order_delay: timedelta = _NOTHING  # From arrival to New.
    canceled_name: CanceledName = CanceledName.ORDER
    report_triggers: bool = False  # ExecType L, which FIX 4.4 does not know.
    auction_pressure: bool = False  # Ties go to the side in need before the reference price.
    # Halts and bands.
    on_halt: OnHalt = OnHalt.WAIT
    halt_auction: bool = False  # Orders gather while halted and trade in an auction at its end.
    band_percent: Decimal = Decimal(0)  # Of the reference price; 0: no bands.
    limit_state: timedelta = timedelta(seconds=15)  # Then the symbol is halted.
    band_halt: timedelta = timedelta(minutes=5)
    band_window: timedelta = timedelta(minutes=5)  # Whose mean price becomes the reference.
    # Clients.
    self_match: SelfMatch = SelfMatch.OFF
    self_match_cancels: SelfMatchCancels = SelfMatchCancels.NEWEST
    firms: tuple[tuple[str, str], ...] = ()  # (client, firm); a client without one is its own.
    cancel_on_disconnect: frozenset[str] = frozenset()  # Clients.
    # Allocations.
    allocation_received: bool = False  # Say Received (AllocStatus 3) before Accepted.
    allocation_reports: bool = False  # Send an AllocationReport (AS) at the end of a block.
    # Memory.
    closed_orders: int = 100_000  # Beyond, the oldest closed ones are forgotten.
    remembered_ids: int = 1_000_000  # ClOrdIDs of forgotten orders that are still known as used.

    def fault(self) -> tuple[str, str] | None:
        """The first field that does not fit the others, and what to write; None when all do."""
        times = {
            "call_time": self.call_time,
            "open_time": self.open_time,
            "closing_call_time": self.closing_call_time,
            "close_time": self.close_time,
        }
        if self.call_time is not None and self.open_time is None:
            return "call_time", "an open_time too: the opening auction ends with it"
        if self.closing_call_time is not None and self.close_time is None:
            return "closing_call_time", "a close_time too: the closing auction ends with it"
        given = [(name, at) for name, at in times.items() if at is not None]
        for (before, first), (name, second) in pairwise(given):
            if second <= first:
                return name, f"a time after {before}, which is {first:%H:%M}"
        if not self.trading_days:
            return "trading_days", "one day or more"
        return None

    @property
    def has_opening_auction(self) -> bool:
        return self.call_time is not None

    @property
    def has_closing_auction(self) -> bool:
        return self.closing_call_time is not None
