"""Asset location: accounts of a household answered as one, each name where it is worth most.

The accounts' names are stacked, (accounts n), and weights are of the household's net assets. What
is tracked is the household's model, the sum of its accounts': factor exposures add up, and the
specific risk of one name in several accounts is one column of G. Expected returns are each
account's own measure, after its taxes. Cash, turnover, lots, lists and the largest weight
stay with their account; bands on sectors and limits are the household's, the sums of its accounts'.
A name that one account sells at a loss is bought by none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from domain.accounts import LotMethod
from domain.orders import Side
from domain.proposals import AccountProposal, Outcome
from optimizer.explain import weight
from optimizer.objective import tracking_error
from optimizer.values import (
    AccountProblem,
    FloatArray,
    Gauge,
    Goal,
    Lock,
    Market,
    Risk,
    Row,
)

SHARED = ("sector:", "limit:")  # Rows of the household.
NOT_MODEL = "not in the model"


@dataclass(frozen=True, slots=True, eq=False)
class Household:
    """The accounts answered as one, by account id."""

    market: Market
    members: tuple[AccountProblem, ...]

    @property
    def nav(self) -> Decimal:
        """Net assets in dollars."""
        return sum((member.nav for member in self.members), Decimal(0))

    @property
    def shares(self) -> FloatArray:
        """Each account's part of the net assets."""
        return np.array([float(member.nav / self.nav) for member in self.members])

    @property
    def names(self) -> int:
        """n, of one account."""
        return len(self.market.security_ids)

    def stacked_market(self) -> Market:
        """The market with every name once for each account."""
        market, count = self.market, len(self.members)
        return replace(
            market,
            security_ids=tuple(
                f"{member.account_id}:{i}" for member in self.members for i in market.security_ids
            ),
            symbols=tuple(
                f"{symbol} in {member.account_id}"
                for member in self.members
                for symbol in market.symbols
            ),
            sectors=market.sectors * count,
            prices=market.prices * count,
            lot_sizes=market.lot_sizes * count,
            F=np.tile(market.F, (count, 1)),
            d=np.tile(market.d, count),
            half_spread=np.tile(market.half_spread, count),
            impact=np.tile(market.impact, count),
            industries=market.industries * count,
            countries=market.countries * count,
            issuers=market.issuers * count,
        )

    def stacked_problem(self) -> AccountProblem:
        """The household as one problem on the stacked market."""
        members, shares = self.members, self.shares
        risk, wanted = self._risk()
        methods = {member.lot_method for member in members}
        lam = float(shares @ [member.risk_aversion for member in members])
        offsets = range(0, self.names * len(members), self.names)
        return replace(
            members[0],
            account_id="+".join(member.account_id for member in members),
            nav=self.nav,
            cash=sum((member.cash for member in members), Decimal(0)),
            w0=self._stack([member.w0 for member in members]),
            b=self._stack([member.b for member in members]),
            lots=tuple(lots for member in members for lots in member.lots),
            lot_method=methods.pop() if len(methods) == 1 else LotMethod.HIFO,
            rows=self._rows(),
            locks=self._locks(wanted),
            loss_locked=frozenset(
                name + offset
                for member, offset in zip(members, offsets, strict=True)
                for name in member.loss_locked
            ),
            risk_aversion=lam,
            minimum_trade=max(member.minimum_trade for member in members),
            goal=Goal(risk=risk, alpha=self._alpha(), budget=np.zeros(len(risk.r))),
            gauges=self._gauges(risk),
            notes=(),
        )

    def _stack(self, of_members: Sequence[FloatArray]) -> FloatArray:
        """Weights of each account as weights of the household, (accounts n)."""
        pairs = zip(self.shares, of_members, strict=True)
        return np.concatenate([share * weights for share, weights in pairs])

    def _risk(self) -> tuple[Risk, FloatArray]:
        """The household's active variance, and what its accounts want together, (n,)."""
        market, count = self.market, len(self.members)
        pairs = zip(self.shares, self.members, strict=True)
        wanted = np.sum([share * member.b for share, member in pairs], axis=0)
        root = np.sqrt(market.d)
        nothing = np.zeros(self.names * count)
        risk = Risk(
            t=market.F.T @ wanted,
            d=nothing,
            r=nothing,
            G=np.tile(np.diag(root), (count, 1)),
            g=root * wanted,
            labels=("specific_risk",) * self.names,
        )
        return risk, wanted

    def _alpha(self) -> FloatArray:
        none = np.zeros(self.names)
        return np.concatenate(
            [none if member.goal is None else member.goal.alpha for member in self.members]
        )

    def _gauges(self, risk: Risk) -> tuple[Gauge, ...]:
        after_tax = Gauge(name="household expected return", coefficients=self._alpha())
        return (Gauge(name="household tracking volatility", risk=risk), after_tax)

    def _rows(self) -> tuple[Row, ...]:
        """Each account's own rows in its block; shared ones summed over the accounts."""
        rows: list[Row] = []
        together: dict[tuple[str, bool], list[tuple[int, Row]]] = {}
        for at, member in enumerate(self.members):
            for row in member.rows:
                if row.name.startswith(SHARED):
                    upper = bool(row.buy.max(initial=0.0) > 0)
                    together.setdefault((row.name, upper), []).append((at, row))
                else:
                    rows.append(self._own(at, row, f"{member.account_id}: {row.label}"))
        for found in together.values():
            if len(found) == len(self.members):
                rows.append(self._sum(found))
            else:
                rows += [
                    self._own(at, row, f"{self.members[at].account_id}: {row.label}")
                    for at, row in found
                ]
        return tuple(rows)

    def _own(self, at: int, row: Row, label: str) -> Row:
        return replace(
            row,
            label=label,
            buy=self._block(at, row.buy),
            sell=self._block(at, row.sell),
            limit=row.limit * self.shares[at],
        )

    def _sum(self, found: list[tuple[int, Row]]) -> Row:
        """One row for the household: every account in it, the limits by their net assets."""
        _, first = found[0]
        limit = sum(row.limit * self.shares[at] for at, row in found)
        blocks = [self._own(at, row, "") for at, row in found]
        return replace(
            first,
            label=f"household {first.name.split(':', 1)[1]} band",
            buy=np.sum([row.buy for row in blocks], axis=0),
            sell=np.sum([row.sell for row in blocks], axis=0),
            limit=float(limit),
        )

    def _block(self, at: int, of_account: FloatArray) -> FloatArray:
        stacked = np.zeros(self.names * len(self.members))
        stacked[at * self.names : (at + 1) * self.names] = of_account
        return stacked

    def _locks(self, wanted: FloatArray) -> tuple[Lock, ...]:
        """Each account's locks; what any account's model has, every account may hold."""
        return tuple(
            replace(lock, name=lock.name + at * self.names, maximum=lock.maximum * self.shares[at])
            for at, member in enumerate(self.members)
            for lock in member.locks
            if not (lock.label == NOT_MODEL and wanted[lock.name] > 0)
        )

    def washed(self, bought: set[int], lost: set[int]) -> set[int]:
        """Stacked names of every account for what one buys and another sells at a loss."""
        clash = {name % self.names for name in bought} & {name % self.names for name in lost}
        blocks = range(0, self.names * len(self.members), self.names)
        return {name + block for name in clash for block in blocks}

    def split(self, whole: AccountProposal) -> tuple[AccountProposal, ...]:
        """The household's answer as one for each account."""
        return tuple(self._part(at, member, whole) for at, member in enumerate(self.members))

    def _part(self, at: int, member: AccountProblem, whole: AccountProposal) -> AccountProposal:
        prefix, share = f"{member.account_id}:", Decimal(float(self.shares[at]))
        trades = tuple(
            replace(
                trade,
                security_id=trade.security_id.removeprefix(prefix),
                weight_before=weight(float(trade.weight_before / share)),
                weight_after=weight(float(trade.weight_after / share)),
                weight_target=weight(float(trade.weight_target / share)),
            )
            for trade in whole.trades
            if trade.security_id.startswith(prefix)
        )
        index = {i: n for n, i in enumerate(self.market.security_ids)}
        z, paid = np.zeros(self.names), Decimal(0)
        for trade in trades:
            way = 1 if trade.side is Side.BUY else -1
            dollars = way * trade.quantity * self.market.prices[index[trade.security_id]]
            z[index[trade.security_id]] = float(dollars / member.nav)
            paid += dollars
        active = member.w0 - member.b
        others = ", ".join(m.account_id for m in self.members if m is not member)
        return replace(
            whole,
            account_id=member.account_id,
            outcome=Outcome.TRADE if trades else Outcome.NO_TRADE,
            message=f"{len(trades)} trades, answered together with {others}. {whole.message}",
            net_asset_value=member.nav,
            tracking_error_before=weight(tracking_error(self.market, active)),
            tracking_error_after=weight(tracking_error(self.market, active + z)),
            turnover=weight(float(np.abs(z).sum())),
            expected_cost=sum((trade.expected_cost for trade in trades), Decimal(0)),
            expected_tax=sum((trade.expected_tax for trade in trades), Decimal(0)),
            cash_before=member.cash,
            cash_after=member.cash - paid,
            trades=trades,
        )
