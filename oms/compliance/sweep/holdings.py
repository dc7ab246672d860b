"""Holdings of many accounts as arrays: whole shares, and money in ten-thousandths of a dollar.

A sum of a group is kept below 2**53, so that numpy's `bincount`, which adds in doubles,
adds whole numbers exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from domain.instruments import Price, Security
from domain.snapshot import Snapshot

Whole = NDArray[np.int64]
MONEY = 10_000  # To the dollar.
MOST = 2**53


class NotWholeError(ValueError):
    """A share or a price that the arrays cannot hold exactly: ask the exact path."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """n accounts, m securities, p positions sorted by account.

    `first[i]:first[i + 1]` are account i's positions. `traded` are shares that the
    trades add, sales negative; zeros for a book at rest.
    """

    account_ids: tuple[str, ...]
    tax_statuses: tuple[str, ...]  # By account.
    mandates: tuple[str, ...]  # Mandate ids, by account.
    securities: tuple[Security, ...]
    prices: Whole  # (m,) money.
    cash: Whole  # (n,) money, before the trades.
    first: Whole  # (n + 1,)
    security: Whole  # (p,) index of the security.
    shares: Whole  # (p,) before the trades.
    traded: Whole  # (p,)

    def __post_init__(self) -> None:
        assert len(self.first) == len(self.account_ids) + 1
        worth = np.abs(self.shares) + np.abs(self.traded)
        whole = (worth * self.prices[self.security]).sum(dtype=np.float64)
        assert whole + np.abs(self.cash).sum(dtype=np.float64) < np.iinfo(np.int64).max / 2

    @classmethod
    def of(cls, snapshot: Snapshot, traded: Sequence[tuple[str, str, Decimal]] = ()) -> "Holdings":
        """From a snapshot and (account, security, signed shares) of trades.

        Raises `NotWholeError` for fractions of shares, finer prices and missing numbers.
        """
        index = {s.security_id: i for i, s in enumerate(snapshot.securities)}
        known = {a.account_id: a for a in snapshot.accounts}
        accounts = tuple(sorted(known))
        cells: dict[tuple[str, int], list[Decimal]] = {}
        for lot in snapshot.lots:
            cells.setdefault((lot.account_id, index[lot.security_id]), [Decimal(0)] * 2)[0] += (
                lot.quantity
            )
        for account_id, security_id, quantity in traded:
            cells.setdefault((account_id, index[security_id]), [Decimal(0)] * 2)[1] += quantity
        keys = sorted(cells)
        ranks = {account_id: rank for rank, account_id in enumerate(accounts)}
        owners = np.array([ranks[account_id] for account_id, _ in keys], dtype=np.int64)
        cash = {c.account_id: c.amount for c in snapshot.cash}
        return cls(
            account_ids=accounts,
            tax_statuses=tuple(known[a].tax_status.value for a in accounts),
            mandates=tuple(known[a].mandate_id for a in accounts),
            securities=snapshot.securities,
            prices=_prices(snapshot.securities, snapshot.prices),
            cash=np.array([_whole(cash.get(a), MONEY) for a in accounts], dtype=np.int64),
            first=np.searchsorted(owners, np.arange(len(accounts) + 1)).astype(np.int64),
            security=np.array([i for _, i in keys], dtype=np.int64),
            shares=np.array([_whole(cells[key][0], 1) for key in keys], dtype=np.int64),
            traded=np.array([_whole(cells[key][1], 1) for key in keys], dtype=np.int64),
        )

    def chunk(self, start: int, stop: int) -> "Chunk":
        """Some accounts in a row."""
        low, high = int(self.first[start]), int(self.first[stop])
        counts = np.diff(self.first[start : stop + 1])
        return Chunk(
            holdings=self,
            accounts=stop - start,
            start=start,
            owner=np.repeat(np.arange(stop - start), counts),
            security=self.security[low:high],
            shares=self.shares[low:high],
            traded=self.traded[low:high],
        )


class Chunk:
    """Some accounts in a row, with the sums that rules share."""

    def __init__(
        self,
        *,
        holdings: Holdings,
        accounts: int,
        start: int,
        owner: Whole,
        security: Whole,
        shares: Whole,
        traded: Whole,
    ) -> None:
        self.holdings, self.accounts, self.start = holdings, accounts, start
        self.owner, self.security = owner, security
        self.mandates = holdings.mandates[start : start + accounts]
        price = holdings.prices[security]
        self.before = shares * price  # (p,) money.
        self.change = traded * price
        self.after = self.before + self.change
        self.is_trading = bool(traded.any())
        self.bought = (
            self._by_account((traded > 0).astype(np.int64)) > 0
            if self.is_trading
            else np.zeros(accounts, dtype=bool)
        )
        self.cash = holdings.cash[start : start + accounts]
        self.cash_after = self.cash - self._by_account(self.change)
        self.net = self.cash + self._by_account(self.before)
        self.total = self._by_account(self.after) + np.maximum(self.cash_after, 0)
        self._sums: dict[tuple[int, bool], Whole] = {}

    def by_group(self, groups: Whole, count: int, *, after: bool) -> Whole:
        """(accounts, count) money by account and group; a group below 0 counts nowhere."""
        key = (id(groups), after)
        if key not in self._sums:
            group = groups[self.security]
            inside = group >= 0
            cells = self.owner[inside] * count + group[inside]
            money = (self.after if after else self.before)[inside]
            self._sums[key] = _added(cells, money, self.accounts * count).reshape(-1, count)
        return self._sums[key]

    def holds(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(accounts,) whether an account has or trades one of the flagged securities."""
        return self._by_account(flags[self.security].astype(np.int64)) > 0

    def _by_account(self, money: Whole) -> Whole:
        return _added(self.owner, money, self.accounts)


def _added(cells: Whole, money: Whole, count: int) -> Whole:
    assert np.abs(money).sum(dtype=np.float64) < MOST * max(count, 1)
    sums = np.bincount(cells, weights=money, minlength=count)
    assert not len(sums) or np.abs(sums).max() < MOST
    return sums.astype(np.int64)


def _prices(securities: Sequence[Security], prices: Sequence[Price]) -> Whole:
    closes = {price.security_id: price.close for price in prices}
    found = [_whole(closes.get(s.security_id), MONEY) for s in securities]
    return np.array(found, dtype=np.int64)


def _whole(value: Decimal | None, scale: int) -> int:
    if value is None or value * scale != int(value * scale):
        raise NotWholeError(f"{value} is not a whole number of 1/{scale}")
    return int(value * scale)
