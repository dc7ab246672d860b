"""Release: orders go out in waves, sells before the buys that their cash pays for.

Every wave is one transaction: last checks, cash, limits, intents, outbox and audit. A
release that was interrupted goes on from what is committed; nothing that may
have reached a venue is ever released a second time. What was left out of a wave
stays out, and is told from the audit trail also by whoever goes on.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.codec import decode
from domain.errors import ConfigError, TryAgainError
from domain.exact import ZERO, plain
from domain.orders import OrderIntent, Side
from domain.ports import Clock, UnitOfWork, Vault, Wire
from domain.snapshot import Snapshot
from ledger.positions import cash as cash_of
from oms import wire_risk
from oms.admission import Stopped, admit
from oms.cancel import cancel
from oms.entering import enter
from oms.funding import Cut, Funding, Purse, fund
from oms.generations import newest, successors
from oms.moved import moved
from oms.recheck import unfinished as not_done
from oms.venue_terms import take_out_unsupported
from oms.wire_risk import RiskLimits

ACTOR = "oms"
Recheck = Callable[[Sequence[OrderIntent], frozenset[str]], Mapping[str, str]]
REDUCED = "release_reduced"  # Audit: what was left out of a wave.


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reduction:
    """What was left out of one wave, as the audit trail keeps it."""

    stopped: tuple[Stopped, ...]
    cuts: tuple[Cut, ...]

    def names(self) -> set[str]:
        stopped = {stop.cl_ord_id for stop in self.stopped}
        return stopped | {cut.cl_ord_id for cut in self.cuts}


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

    def __init__(
        self,
        vault: Vault,
        wire: Wire,
        clock: Clock,
        settings: ReleaseSettings,
        limits: RiskLimits,
    ) -> None:
        self._vault, self._wire, self._clock, self._settings = vault, wire, clock, settings
        self._limits = limits
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make a release that is waiting raise `ReleaseInterruptedError`."""
        self._stop.set()

    def release(
        self,
        run_id: UUID,
        intents: Sequence[OrderIntent],
        snapshot: Snapshot,
        recheck: Recheck = lambda _wave, _accounts: {},
    ) -> Release:
        """Release `intents` wave by wave; returns when the last wave has ended.

        `recheck` is asked before a wave about the accounts of which not everything was
        done in the waves before it, and says which of them must leave it, and why. Safe
        to call again after a crash, with the same intents. Raises
        `ReleaseInterruptedError` when `stop` is called meanwhile.
        """
        assert all(intent.run_id == run_id for intent in intents)
        released: list[str] = []
        unfinished: list[str] = []
        before: list[OrderIntent] = []
        for wave in plan_waves(intents):
            barred = self._barred(wave, before, snapshot, recheck)
            sent, left = self._see_through(run_id, wave, snapshot, barred)
            released += sent
            unfinished += left
            before += wave
        with self._vault.read() as view:
            reduced = _reductions(view, run_id)
        return Release(
            released=tuple(released),
            stopped=tuple(dict.fromkeys(stop for one in reduced for stop in one.stopped)),
            cuts=tuple(dict.fromkeys(cut for one in reduced for cut in one.cuts)),
            unfinished=tuple(unfinished),
        )

    def _barred(
        self,
        wave: tuple[OrderIntent, ...],
        before: Sequence[OrderIntent],
        snapshot: Snapshot,
        recheck: Recheck,
    ) -> Mapping[str, str]:
        """Who must leave the wave: asked of what the cash that there is would buy."""
        with self._vault.read() as view:
            short = not_done(view, before)
            if not short:
                return {}
            affordable = self._fund(view, wave, snapshot).intents
        return recheck(affordable, short)

    def _see_through(
        self,
        run_id: UUID,
        wave: tuple[OrderIntent, ...],
        snapshot: Snapshot,
        barred: Mapping[str, str],
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Send a wave and wait for its end; what was sent, and what is open after the deadline.

        What died unsent by accident goes out again, as long as there is time.
        """
        deadline = self._clock.now() + self._settings.wave_timeout
        sent, _ = self._commit(wave, snapshot, barred)
        left = self._wait(run_id, frozenset(sent), deadline)
        while not left and self._clock.now() < deadline:
            sent, fresh = self._commit(wave, snapshot, barred)
            if not fresh:
                break
            left = self._wait(run_id, frozenset(sent), deadline)
        return sent, self._take_back(run_id, left) if left else ()

    def _commit(
        self, wave: tuple[OrderIntent, ...], snapshot: Snapshot, barred: Mapping[str, str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Commit what of the wave is not committed; every order of it that stands, and the new."""
        now, run_id = self._clock.now(), wave[0].run_id
        with self._vault.write() as uow:
            standing = newest(uow, wave)
            is_first = not standing and not _reductions(uow, run_id, wave)
            wanted = wave if is_first else successors(standing, now)
            accounts = {part.account_id for intent in wanted for part in intent.allocations}
            taken = take_out_unsupported(wanted, self._wire)
            admission = admit(
                taken.intents,
                uow.kills.active(),
                snapshot.restrictions,
                wave[0].trade_date,
                {**moved(uow, run_id, accounts, snapshot), **barred},
            )
            funding = self._fund(uow, admission.intents, snapshot)
            facts = wire_risk.price_facts(snapshot)
            going = enter(uow, funding.intents, self._limits, facts, now)
            stopped = (*taken.stopped, *admission.stopped, *going.stopped)
            if stopped or funding.cuts:
                body = _Reduction(stopped=stopped, cuts=funding.cuts)
                uow.audit.append(at=now, actor=ACTOR, kind=REDUCED, subject=run_id.hex, body=body)
        self._wire.wake()
        fresh = tuple(intent.cl_ord_id for intent in going.intents)
        kept = (order.intent.cl_ord_id for order in standing if not order.accidental)
        return (*kept, *fresh), fresh

    def _fund(
        self, uow: UnitOfWork, intents: tuple[OrderIntent, ...], snapshot: Snapshot
    ) -> Funding:
        if not intents or intents[0].side is Side.SELL:
            return Funding(intents=intents, cuts=())
        accounts = sorted({part.account_id for i in intents for part in i.allocations})
        exempt = frozenset(intent.cl_ord_id for intent in intents)
        money = purses(uow, snapshot, accounts, exempt)
        return fund(intents, money, self._settings.cash_cushion)

    def _take_back(self, run_id: UUID, names: Sequence[str]) -> tuple[str, ...]:
        """Cancel what is open at the deadline, and wait once more; what is open even then."""
        now = self._clock.now()
        with self._vault.write() as uow:
            for name in names:
                order = uow.orders.get(name)
                assert order is not None
                cancel(uow, order, at=now, why="the wave's time is over")
        self._wire.wake()
        patience = self._settings.cancel_timeout
        return self._wait(run_id, frozenset(names), self._clock.now() + patience)

    def _wait(self, run_id: UUID, names: frozenset[str], deadline: datetime) -> tuple[str, ...]:
        """The orders of `names` that are still open at the deadline; returns early when none is."""
        while True:
            with self._vault.read() as uow:
                left = tuple(sorted(names & uow.orders.open_names()))
            if not left or self._clock.now() >= deadline:
                return left
            if self._stop.wait(self._settings.poll_interval.total_seconds()):
                raise ReleaseInterruptedError(run_id)


def _reductions(
    uow: UnitOfWork, run_id: UUID, wave: Sequence[OrderIntent] = ()
) -> tuple[_Reduction, ...]:
    """What was left out of a run's waves so far, or of one wave."""
    found = (
        decode(_Reduction, entry.body)
        for entry in uow.audit.about(run_id.hex)
        if entry.kind == REDUCED
    )
    names = {intent.cl_ord_id for intent in wave}
    return tuple(one for one in found if not wave or names & one.names())


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
