"""Release: orders go out in waves, sells before the buys that their cash pays for.

Every wave is one transaction: last checks, cash, intents, outbox and audit. A
release that was interrupted goes on from what is committed; nothing that may
have reached a venue is ever released a second time.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.errors import ConfigError, TryAgainError
from domain.exact import ZERO, plain
from domain.orders import Order, OrderIntent, OrdStatus, Side
from domain.ports import Clock, UnitOfWork, Vault, Wire
from domain.snapshot import Snapshot
from ledger.positions import cash as cash_of
from oms.admission import Stopped, admit
from oms.cancel import cancel
from oms.doubts import WITHDRAWN_AT_RESTART
from oms.funding import Cut, Funding, Purse, fund

ACTOR = "oms"


class ReleaseInterruptedError(TryAgainError):
    """The service stops while orders are out; the run goes on at the next start."""

    def __init__(self, run_id: UUID) -> None:
        super().__init__(f"the release of run {run_id.hex} was interrupted; resume the run")
        self.run_id = run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """How long a wave may take, and what is kept back for commission."""

    wave_timeout: timedelta  # A wave that is not done by then is cancelled.
    cancel_timeout: timedelta = timedelta(seconds=10)  # Patience with the answers to the cancels.
    poll_interval: timedelta = timedelta(milliseconds=100)
    cash_cushion: Decimal = Decimal("0.001")  # Fraction of each buy.

    def __post_init__(self) -> None:
        if not 0 <= self.cash_cushion < 1:
            raise ConfigError(
                f"cash_cushion is {plain(self.cash_cushion)}: give a fraction of the notional "
                "from 0 up to 1, for example 0.001"
            )
        for name in ("wave_timeout", "cancel_timeout", "poll_interval"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigError(f"{name} is {getattr(self, name)}: give more than zero seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What came of a release, by ClOrdID."""

    released: tuple[str, ...]
    stopped: tuple[Stopped, ...]
    cuts: tuple[Cut, ...]
    unfinished: tuple[str, ...]  # The venue has not said how they ended.


def plan_waves(intents: Sequence[OrderIntent]) -> tuple[tuple[OrderIntent, ...], ...]:
    """Sells, then buys; a wave without orders is left out."""
    sells = tuple(intent for intent in intents if intent.side is Side.SELL)
    buys = tuple(intent for intent in intents if intent.side is Side.BUY)
    return tuple(wave for wave in (sells, buys) if wave)


def purses(
    uow: UnitOfWork, snapshot: Snapshot, account_ids: Sequence[str], exempt: frozenset[str]
) -> dict[str, Purse]:
    """What each account may spend now: its booked cash, less what is spoken for.

    Spoken for are withdrawals that are due, and buys at work (without the orders in
    `exempt`) at their limit. The floor is the mandate's, of the snapshot's NAV.
    """
    cash = cash_of(uow.ledger.balances())
    at_work = _at_work(uow, exempt)
    due: defaultdict[str, Decimal] = defaultdict(Decimal)
    for flow in snapshot.flows:
        due[flow.account_id] += min(ZERO, flow.amount)
    floors = _floors(snapshot)
    found: dict[str, Purse] = {}
    for account in account_ids:
        free = cash.get(account, ZERO) + due[account] - at_work.get(account, ZERO)
        found[account] = Purse(expected=free - floors.get(account, ZERO), worst=free)
    return found


class Releaser:
    """Sends a run's orders and waits for their end. One release at a time per instance."""

    def __init__(self, vault: Vault, wire: Wire, clock: Clock, settings: ReleaseSettings) -> None:
        self._vault, self._wire, self._clock, self._settings = vault, wire, clock, settings
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make a release that is waiting raise `ReleaseInterruptedError`."""
        self._stop.set()

    def release(self, run_id: UUID, intents: Sequence[OrderIntent], snapshot: Snapshot) -> Release:
        """Release `intents` wave by wave; returns when the last wave has ended.

        Safe to call again after a crash, with the same intents. Raises
        `ReleaseInterruptedError` when `stop` is called meanwhile.
        """
        assert all(intent.run_id == run_id for intent in intents)
        released: list[str] = []
        stopped: list[Stopped] = []
        cuts: list[Cut] = []
        unfinished: list[str] = []
        for wave in plan_waves(intents):
            sent, held, cut = self._commit(wave, snapshot)
            released += sent
            stopped += held
            cuts += cut
            unfinished += self._see_through(run_id, frozenset(sent))
        return Release(
            released=tuple(released),
            stopped=tuple(stopped),
            cuts=tuple(cuts),
            unfinished=tuple(unfinished),
        )

    def _commit(
        self, wave: tuple[OrderIntent, ...], snapshot: Snapshot
    ) -> tuple[tuple[str, ...], tuple[Stopped, ...], tuple[Cut, ...]]:
        now = self._clock.now()
        with self._vault.write() as uow:
            standing = _standing(uow, wave)
            fresh = _successors(standing, now) if standing else wave
            admission = admit(fresh, uow.kills.active(), snapshot.restrictions, wave[0].trade_date)
            funding = self._fund(uow, admission.intents, snapshot)
            for intent in funding.intents:
                _add(uow, intent, now)
            if admission.stopped or funding.cuts:
                uow.audit.append(
                    at=now,
                    actor=ACTOR,
                    kind="release_reduced",
                    subject=wave[0].run_id.hex,
                    body={"stopped": admission.stopped, "cuts": funding.cuts},
                )
        self._wire.wake()
        kept = [o.intent.cl_ord_id for o in standing if not _was_withdrawn_at_restart(o)]
        sent = (*kept, *(intent.cl_ord_id for intent in funding.intents))
        return sent, admission.stopped, funding.cuts

    def _fund(
        self, uow: UnitOfWork, intents: tuple[OrderIntent, ...], snapshot: Snapshot
    ) -> Funding:
        if not intents or intents[0].side is Side.SELL:
            return Funding(intents=intents, cuts=())
        accounts = sorted({part.account_id for i in intents for part in i.allocations})
        exempt = frozenset(intent.cl_ord_id for intent in intents)
        money = purses(uow, snapshot, accounts, exempt)
        return fund(intents, money, self._settings.cash_cushion)

    def _see_through(self, run_id: UUID, names: frozenset[str]) -> tuple[str, ...]:
        """Wait for the wave's end; at the deadline take back what is left, and wait once more."""
        left = self._wait(run_id, names, self._clock.now() + self._settings.wave_timeout)
        if not left:
            return ()
        now = self._clock.now()
        with self._vault.write() as uow:
            for name in left:
                order = uow.orders.get(name)
                assert order is not None
                cancel(uow, order, at=now, why="the wave's time is over")
        self._wire.wake()
        return self._wait(run_id, names, self._clock.now() + self._settings.cancel_timeout)

    def _wait(self, run_id: UUID, names: frozenset[str], deadline: datetime) -> tuple[str, ...]:
        """The orders of `names` that are still open at the deadline; returns early when none is."""
        while True:
            with self._vault.read() as uow:
                still_open = uow.orders.open()
            left = tuple(
                order.intent.cl_ord_id for order in still_open if order.intent.cl_ord_id in names
            )
            if not left or self._clock.now() >= deadline:
                return left
            if self._stop.wait(self._settings.poll_interval.total_seconds()):
                raise ReleaseInterruptedError(run_id)


def _add(uow: UnitOfWork, intent: OrderIntent, now: datetime) -> None:
    uow.orders.add(intent)
    uow.outbox.queue(intent.venue, intent, now)
    uow.audit.append(
        at=now, actor=ACTOR, kind="order_released", subject=intent.cl_ord_id, body=intent
    )


def _standing(uow: UnitOfWork, wave: Sequence[OrderIntent]) -> tuple[Order, ...]:
    """The wave's orders that an earlier attempt committed, each in its newest generation."""
    found: list[Order] = []
    for intent in wave:
        order = uow.orders.get(intent.cl_ord_id)
        while order is not None:
            newest = order
            order = uow.orders.get(_next_generation(newest.intent.cl_ord_id))
            if order is None:
                found.append(newest)
    return tuple(found)


def _successors(standing: Sequence[Order], now: datetime) -> tuple[OrderIntent, ...]:
    """New orders for those that provably never left us before a restart."""
    return tuple(
        replace(
            order.intent,
            cl_ord_id=_next_generation(order.intent.cl_ord_id),
            decided_at=now,
        )
        for order in standing
        if _was_withdrawn_at_restart(order)
    )


def _was_withdrawn_at_restart(order: Order) -> bool:
    return order.status is OrdStatus.UNSENT and order.reason == WITHDRAWN_AT_RESTART


def _next_generation(cl_ord_id: str) -> str:
    """X, X-R1, X-R2, ...: a ClOrdID is never used twice."""
    root, mark, count = cl_ord_id.rpartition("-R")
    if mark and count.isdigit():
        return f"{root}-R{int(count) + 1}"
    return f"{cl_ord_id}-R1"


def _at_work(uow: UnitOfWork, exempt: frozenset[str]) -> dict[str, Decimal]:
    """Dollars that buys of earlier runs may still take, by account, at their limits."""
    reserved: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in uow.orders.open():
        intent = order.intent
        if intent.side is Side.SELL or intent.cl_ord_id in exempt:
            continue
        price = order.limit_price if order.limit_price is not None else intent.reference_price
        for part in intent.allocations:
            reserved[part.account_id] += part.quantity * price
    return dict(reserved)


def _floors(snapshot: Snapshot) -> Mapping[str, Decimal]:
    """The least cash of each account, in dollars: the mandate's minimum of its NAV."""
    prices = {price.security_id: price.close for price in snapshot.prices}
    worth: defaultdict[str, Decimal] = defaultdict(Decimal)
    for lot in snapshot.lots:
        worth[lot.account_id] += lot.quantity * prices.get(lot.security_id, ZERO)
    for balance in snapshot.cash:
        worth[balance.account_id] += balance.amount
    mandates = {mandate.mandate_id: mandate for mandate in snapshot.mandates}
    return {
        account.account_id: mandates[account.mandate_id].cash.minimum * worth[account.account_id]
        for account in snapshot.accounts
        if account.mandate_id in mandates
    }
