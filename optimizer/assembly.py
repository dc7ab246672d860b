"""From a snapshot to arrays: one market, and one problem for each account.

Accounts in quarantine are left out. An account of which no problem can be made
(no price, no model, nothing in it) comes back with its fault, so that it is
answered for like every other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from domain.accounts import Account, Mandate, ModelPortfolio, TaxStatus
from domain.errors import BadInputError, UnknownNameError
from domain.goals import Aim
from domain.instruments import LEAST_HISTORY_DAYS, Security
from domain.lots import TaxLot
from domain.restrictions import Bars, bar_to_all, reach_of
from domain.risk import RiskMethod, RiskSettings
from domain.snapshot import PastTrade, Snapshot
from optimizer.constraints import Position, locks_of, rows_of
from optimizer.costs import impact_per_dollar
from optimizer.goals import aimed
from optimizer.liabilities import liability_rows
from optimizer.limits import caps_of, gain_rows, limit_rows
from optimizer.measures import unmeasured
from optimizer.risk import RiskModel, estimate, supplied
from optimizer.taxes import relief_order
from optimizer.universe import Universe, universe_of
from optimizer.values import (
    AccountProblem,
    FloatArray,
    Lock,
    Market,
    ReliefLot,
    Row,
    Staged,
    faulty,
)
from optimizer.washsales import past_locks, past_of_households

ZERO = Decimal(0)


def assemble(
    snapshot: Snapshot, account_ids: Collection[str] = ()
) -> tuple[Market, tuple[AccountProblem, ...]]:
    """The market and the problems of `account_ids` (empty: every account), by account id.

    Raises `UnknownNameError` for an account that the snapshot does not have.
    """
    known = {account.account_id for account in snapshot.accounts}
    if unknown := sorted(set(account_ids) - known):
        raise UnknownNameError(
            f"account {unknown[0]} is not in the snapshot of {snapshot.as_of}; "
            "ingest its files or correct the name"
        )
    wanted = (set(account_ids) or known) - set(snapshot.quarantined())
    accounts = [
        account
        for account in sorted(snapshot.accounts, key=lambda account: account.account_id)
        if account.account_id in wanted
    ]
    try:
        market = market_of(snapshot)
    except BadInputError as error:
        return _nothing(), tuple(
            faulty(a.account_id, a.household_id, f"account {a.account_id}: risk model: {error}")
            for a in accounts
        )
    book = _Book.of(snapshot, market)
    return market, tuple(book.problem(account) for account in accounts)


def _nothing() -> Market:
    """A market without names: there is no risk model."""
    none = np.zeros(0)
    return Market(
        security_ids=(),
        symbols=(),
        sectors=(),
        prices=(),
        lot_sizes=(),
        F=np.zeros((0, 1)),
        d=none,
        half_spread=none,
        impact=none,
    )


def market_of(snapshot: Snapshot) -> Market:
    """Every security that has a price and a price history, by security id; it may be none.

    Raises `BadInputError` when the firm's settings give no risk model.
    """
    history = snapshot.history
    enough = len(history.days) >= LEAST_HISTORY_DAYS
    closes = dict(zip(history.security_ids, history.closes, strict=True)) if enough else {}
    prices = {price.security_id: price.close for price in snapshot.prices}
    securities = sorted(
        (s for s in snapshot.securities if s.security_id in closes and s.security_id in prices),
        key=lambda security: security.security_id,
    )
    settings = settings_of(snapshot)
    if settings.method is RiskMethod.SUPPLIED:
        securities = [s for s in securities if s.security_id in settings.specific]
    ids = tuple(security.security_id for security in securities)
    risk = _risk_of(settings, securities, closes)
    price = np.array([float(prices[i]) for i in ids])
    volume = np.array([float(security.average_daily_volume) for security in securities])
    return Market(
        security_ids=ids,
        symbols=tuple(security.symbol for security in securities),
        sectors=tuple(security.sector for security in securities),
        prices=tuple(prices[i] for i in ids),
        lot_sizes=tuple(security.lot_size for security in securities),
        F=risk.F,
        d=risk.d,
        half_spread=np.array([float(security.half_spread) for security in securities]),
        impact=impact_per_dollar(risk.daily, price, volume),
        industries=tuple(security.industry for security in securities),
        countries=tuple(security.country for security in securities),
        issuers=tuple(security.issuer for security in securities),
        notes=risk.notes,
    )


def settings_of(snapshot: Snapshot) -> RiskSettings:
    """How the firm's risk model is made; one mandate of the file carries it."""
    return next((m.risk for m in snapshot.mandates if m.risk is not None), RiskSettings())


def _risk_of(
    settings: RiskSettings,
    securities: Sequence[Security],
    closes: Mapping[str, Sequence[Decimal | None]],
) -> RiskModel:
    """The risk model of the securities, in their order."""
    if settings.method is RiskMethod.SUPPLIED:
        return supplied(settings, [security.security_id for security in securities])
    symbols = {security.security_id: security.symbol for security in securities}
    named = {factor: symbols.get(i, i) for factor, i in settings.factors.items()}
    table = [[np.nan if c is None else float(c) for c in closes[i]] for i in symbols]
    return estimate(
        np.array(table) if table else np.empty((0, LEAST_HISTORY_DAYS)),
        replace(settings, factors=named),
        names=tuple(symbols.values()),
        peers=tuple(security.sector for security in securities),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The snapshot, indexed by what an account asks of it."""

    snapshot: Snapshot
    market: Market
    index: dict[str, int]
    models: dict[str, ModelPortfolio]
    mandates: dict[str, Mandate]
    lots: dict[str, list[TaxLot]]
    cash: dict[str, Decimal]
    due: dict[str, Decimal]  # Withdrawals, positive.
    restricted: dict[str, str]  # For everybody.
    bars: Bars  # And for some.
    past: dict[str, list[tuple[Account, PastTrade]]]  # By household.

    @classmethod
    def of(cls, snapshot: Snapshot, market: Market) -> "_Book":
        lots: defaultdict[str, list[TaxLot]] = defaultdict(list)
        due: defaultdict[str, Decimal] = defaultdict(Decimal)
        for lot in snapshot.lots:
            lots[lot.account_id].append(lot)
        for flow in snapshot.flows:
            due[flow.account_id] += max(-flow.amount, ZERO)
        night = datetime.combine(snapshot.as_of, time.max, UTC)  # What begins later today counts.
        bars = reach_of(snapshot, night)
        return cls(
            snapshot=snapshot,
            market=market,
            index={security_id: at for at, security_id in enumerate(market.security_ids)},
            models={model.model_id: model for model in snapshot.models},
            mandates={mandate.mandate_id: mandate for mandate in snapshot.mandates},
            lots=lots,
            cash={balance.account_id: balance.amount for balance in snapshot.cash},
            due=due,
            restricted={
                security_id: bar.why
                for security_id in bars
                if (bar := bar_to_all(bars, security_id)) is not None
            },
            bars=bars,
            past=past_of_households(snapshot),
        )

    def problem(self, account: Account) -> AccountProblem:
        """The account as arrays, or its fault."""
        model, mandate = self.models.get(account.model_id), self.mandates.get(account.mandate_id)
        if model is None or mandate is None:
            word = f"model {account.model_id}" if model is None else f"mandate {account.mandate_id}"
            return self._faulty(account, f"{word} is not in the snapshot; ingest it")
        if mandate.risk_aversion <= 0:
            word = f"risk_aversion of mandate {mandate.mandate_id} is {mandate.risk_aversion}"
            return self._faulty(account, f"{word}; it must be positive")
        mandate = self._as_restricted(mandate, account)
        lots = self.lots.get(account.account_id, [])
        if missing := self._uncovered({lot.security_id for lot in lots} | set(model.weights)):
            why = "has no price or no price history; ingest its prices"
            if settings_of(self.snapshot).method is RiskMethod.SUPPLIED:
                why = "has no price, or no specific variance in [risk]; add it to mandates.toml"
            return self._faulty(account, f"{missing} {why}")
        position = self._position(account, lots, model)
        if position is None:
            return self._faulty(account, "its net asset value is not positive; nothing to manage")
        return self._problem(account, mandate, position, lots)

    def _as_restricted(self, mandate: Mandate, account: Account) -> Mandate:
        """With what the firm bars to the account's household alone."""
        barred = tuple(
            security_id
            for security_id, bars in self.bars.items()
            if any(bar.account_ids and account.account_id in bar.account_ids for bar in bars)
        )
        if not barred:
            return mandate
        return replace(
            mandate,
            do_not_buy=(*mandate.do_not_buy, *barred),
            do_not_sell=(*mandate.do_not_sell, *barred),
        )

    def _problem(
        self, account: Account, mandate: Mandate, position: Position, lots: list[TaxLot]
    ) -> AccountProblem:
        taxable = account.tax_status is TaxStatus.TAXABLE
        bought, lost = past_locks(
            self.past.get(account.household_id, ()), self.snapshot.as_of, self.index
        )
        universe = self._universe(mandate, position, lost)
        position = replace(position, b=universe.model)
        relevant = position.w0 + position.b
        relevant[list(universe.substitutes)] = 1.0
        if missing := unmeasured(self.market, mandate.wishes, relevant):
            return self._faulty(account, missing)
        nav = float(position.nav)
        want = aimed(self.market, mandate, position.b, nav)
        return AccountProblem(
            account_id=account.account_id,
            household_id=account.household_id,
            nav=position.nav,
            cash=position.cash,
            w0=position.w0,
            b=want.b,
            lots=self._relief(lots, mandate, self.snapshot.as_of, taxable=taxable),
            lot_method=mandate.lot_method,
            rows=self._rows(mandate, position, universe, taxable=taxable),
            locks=(
                *locks_of(self.market, mandate, position, self.restricted, universe.substitutes),
                *universe.locks,
                *lost,
            ),
            loss_locked=bought,
            risk_aversion=float(mandate.risk_aversion),
            minimum_trade=float(mandate.minimum_trade),
            goal=want.goal,
            caps=caps_of(self.market, mandate.wishes, want.b, want.surplus),
            gauges=want.gauges,
            staged=self._staged(lots, mandate, taxable=taxable),
            located=_is_located(mandate),
        )

    def _staged(self, lots: list[TaxLot], mandate: Mandate, *, taxable: bool) -> Staged | None:
        """The days of the steps, and what selling each lot then costs."""
        transition = mandate.wishes.transition
        if transition is None:
            return None
        days = [timedelta(days=step * transition.days_between) for step in range(transition.steps)]
        by_step = [
            self._relief(lots, mandate, self.snapshot.as_of + later, taxable=taxable)
            for later in days
        ]
        return Staged(
            steps=transition.steps,
            share=transition.days_between / 365,
            taxes=tuple(
                {lot.lot_id: float(lot.weighed_per_share) for lots in names for lot in lots}
                for names in by_step
            ),
        )

    def _universe(self, mandate: Mandate, position: Position, lost: tuple[Lock, ...]) -> Universe:
        washed = {self.market.security_ids[lock.name] for lock in lost}
        barred = {*mandate.do_not_buy, *self.restricted, *washed}
        return universe_of(self.market, mandate.wishes, position.w0, position.b, barred)

    def _relief(
        self, lots: list[TaxLot], mandate: Mandate, sold_on: date, *, taxable: bool
    ) -> tuple[tuple[ReliefLot, ...], ...]:
        of_name = defaultdict(list)
        for lot in lots:
            of_name[self.index[lot.security_id]].append(lot)
        return tuple(
            relief_order(of_name[at], mandate, price, sold_on, taxable=taxable)
            for at, price in enumerate(self.market.prices)
        )

    def _rows(
        self, mandate: Mandate, position: Position, universe: Universe, *, taxable: bool
    ) -> tuple[Row, ...]:
        market, wishes, nav = self.market, mandate.wishes, float(position.nav)
        rows = [
            *rows_of(market, mandate, position, self.restricted),
            *limit_rows(market, wishes, position.w0, position.b),
            *universe.rows,
        ]
        if wishes.liability is not None:
            rows += liability_rows(market, wishes, wishes.liability, position.w0, nav)
        if taxable:
            rows += gain_rows(mandate, nav, len(position.w0))
        return tuple(rows)

    def _position(
        self, account: Account, lots: Iterable[TaxLot], model: ModelPortfolio
    ) -> Position | None:
        """None when the net asset value is not positive."""
        held = self._by_name((lot.security_id, lot.quantity) for lot in lots)
        values = [shares * price for shares, price in zip(held, self.market.prices, strict=True)]
        cash = self.cash.get(account.account_id, ZERO)
        nav = sum(values, ZERO) + cash
        if nav <= 0:
            return None
        withdrawals = self.due.get(account.account_id, ZERO)
        staying = max(1 - withdrawals / nav, ZERO)
        return Position(
            nav=nav,
            cash=cash,
            withdrawals=withdrawals,
            w0=_floats(value / nav for value in values),
            b=_floats(weight * staying for weight in self._by_name(model.weights.items())),
        )

    def _by_name(self, amounts: Iterable[tuple[str, Decimal]]) -> list[Decimal]:
        sums = [ZERO] * len(self.index)
        for security_id, amount in amounts:
            sums[self.index[security_id]] += amount
        return sums

    def _uncovered(self, security_ids: set[str]) -> str:
        symbols = {security.security_id: security.symbol for security in self.snapshot.securities}
        missing = sorted(security_ids - set(self.index))
        return ", ".join(symbols.get(security_id, security_id) for security_id in missing)

    def _faulty(self, account: Account, fault: str) -> AccountProblem:
        sentence = f"account {account.account_id}: {fault}"
        return faulty(account.account_id, account.household_id, sentence)


def _is_located(mandate: Mandate) -> bool:
    """Whether the household may be asked: for accounts that track, at once and without caps."""
    wishes = mandate.wishes
    caps = (wishes.tracking_error_maximum, wishes.volatility_maximum)
    simple = wishes.aim is Aim.TRACK and not wishes.targets and wishes.transition is None
    return wishes.located and simple and caps == (None, None)


def _floats(amounts: Iterable[Decimal]) -> FloatArray:
    return np.array([float(amount) for amount in amounts])
