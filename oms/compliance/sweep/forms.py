"""Forms: what a rule becomes when it can be asked of many accounts at once.

A form is made once for a market, from the rule's own conditions and groups, and says of
each security in which group it counts; a security of which a fact is missing is
flagged, and whoever has it is asked exactly.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from oms.compliance.bases import Base
from oms.compliance.book import Book, MissingDataError
from oms.compliance.conditions import Condition, Subject, all_hold, any_holds
from oms.compliance.diversification import Diversification, Mode
from oms.compliance.group_weight import GroupWeight
from oms.compliance.groups import GroupBy, group_of
from oms.compliance.limits import LimitFrom
from oms.compliance.list_membership import ListMembership
from oms.compliance.lists import MatchOn
from oms.compliance.rules import Drift, Rule, Stage, Timing
from oms.compliance.set_share import SetOf, SetShare
from oms.compliance.sweep.holdings import Chunk, Whole

Flags = NDArray[np.bool_]
Bound = Fraction | Mapping[str, Fraction]  # One for all, or by mandate.
MILLIONTHS = 10**6
OUT, UNKNOWN = -1, -2  # Groups of what does not count, and of what nobody can tell.
_OF_MARKET = ("security", "issuer", "counterparty")


class Form(Protocol):
    """One rule, prepared for a market."""

    @property
    def rule(self) -> Rule:
        """What it is the form of."""
        ...

    def unclear(self, chunk: Chunk) -> Flags:
        """(accounts,) who is not clearly a pass: a breach, or somebody whom only a person can."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Sums by group against a limit of each group; the sum of the large, and ladders, too."""

    rule: Rule
    groups: Whole  # (m,) OUT, UNKNOWN or the group.
    count: int
    limits: tuple[Bound, ...]  # By group; a ladder's by rank; else one for all.
    large_over: Fraction | None = None
    ladder: bool = False
    is_floor: bool = False
    with_cash: bool = False

    def unclear(self, chunk: Chunk) -> Flags:
        after, before = self._sums(chunk, after=True), None
        if chunk.is_trading:
            before = self._sums(chunk, after=False)
        base = np.maximum(chunk.total if self.rule.base is Base.TOTAL_ASSETS else chunk.net, 0)
        flagged = chunk.holds(self.groups == UNKNOWN)
        for place, limit in enumerate(self.limits):
            now = after[:, place]
            bound = _of_chunk(limit, chunk)
            over = now < _ceiling(bound, base) if self.is_floor else now > _floor(bound, base)
            if before is not None:
                worse = before[:, place] - now if self.is_floor else now - before[:, place]
                over &= self._blamed(worse, chunk)
            flagged |= over
        return flagged

    def _blamed(self, worse: Whole, chunk: Chunk) -> Flags:
        drift_counts = self.rule.timing in (Timing.CONTINUOUS, Timing.DAILY)
        blamed: Flags = worse > 0
        return blamed | ((worse == 0) & chunk.bought) if drift_counts else blamed

    def _sums(self, chunk: Chunk, *, after: bool) -> Whole:
        sums = chunk.by_group(self.groups, self.count, after=after)
        if self.with_cash:
            sums = sums + (chunk.cash_after if after else chunk.cash)[:, None]
        if self.large_over is not None:
            base = chunk.total if self.rule.base is Base.TOTAL_ASSETS else chunk.net
            bound = _floor(_of_chunk(self.large_over, chunk), np.maximum(base, 0))
            sums = np.where(sums > bound[:, None], sums, 0).sum(axis=1, keepdims=True)
        if self.ladder:
            sums = np.cumsum(-np.sort(-sums, axis=1), axis=1)
            short = len(self.limits) - sums.shape[1]
            sums = np.pad(sums, ((0, 0), (0, max(short, 0))), mode="edge")
        return sums


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listed:
    """Whoever has or trades a listed name."""

    rule: Rule
    flags: Flags  # (m,)

    def unclear(self, chunk: Chunk) -> Flags:
        return chunk.holds(self.flags)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Always:
    """A rule that says nothing of a book at rest: drift is forgiven."""

    rule: Rule

    def unclear(self, chunk: Chunk) -> Flags:
        return np.zeros(chunk.accounts, dtype=bool)


def form_of(rule: Rule, market: Book, stage: Stage) -> Form | None:
    """The rule's form; None when it must be asked account by account."""
    make: dict[type, Callable[[Rule, Book], Form | None]] = {
        GroupWeight: _group_weight,
        SetShare: _set_share,
        Diversification: _diversification,
        ListMembership: _listed,
    }
    if type(rule.test) not in make or rule.look_through:
        return None
    if rule.base not in (Base.NET_ASSETS, Base.TOTAL_ASSETS):
        return None
    forgiven = rule.drift is Drift.PASS and rule.timing is Timing.AT_ACQUISITION
    form = make[type(rule.test)](rule, market)
    if stage is Stage.PRE_TRADE and isinstance(form, Weights) and form.with_cash:
        return None  # What trades cost is not in the arrays.
    if stage is Stage.PORTFOLIO and forgiven and isinstance(form, Weights):
        return form if (form.groups == UNKNOWN).any() else Always(rule=rule)
    return form


def _group_weight(rule: Rule, market: Book) -> Form | None:
    test = rule.test
    assert isinstance(test, GroupWeight)
    conditions = (*test.only, *test.exclude)
    own = _by_mandate(test.maximum_from, market)
    clear = not (test.limits or test.exception_maximum or test.net_of_collateral)
    if own is None and test.maximum_from is not None:
        return None
    if not clear or test.group_by is GroupBy.CONTROLLED_BUSINESS or not _of_market(conditions):
        return None
    groups, count = _grouped(market, test.group_by, test.only, test.exclude)
    limit = own if own is not None else Fraction(test.maximum or 0)
    return Weights(rule=rule, groups=groups, count=count, limits=(limit,) * count)


def _set_share(rule: Rule, market: Book) -> Form | None:
    test = rule.test
    assert isinstance(test, SetShare)
    fixed = test.maximum if test.is_ceiling else test.minimum
    limit: Bound | None = _by_mandate(test.maximum_from or test.minimum_from, market)
    if fixed is not None:
        limit = Fraction(fixed)
    if limit is None or test.amounts or test.set is SetOf.AMOUNTS or test.only_set_below:
        return None
    if not _of_market((*test.where, *test.exclude)):
        return None
    groups = np.full(len(market.securities()), OUT, dtype=np.int64)
    if test.set is not SetOf.CASH:
        groups, _ = _grouped(market, GroupBy.ALL, test.where, test.exclude)
    return Weights(
        rule=rule,
        groups=groups,
        count=1,
        limits=(limit,),
        is_floor=not test.is_ceiling,
        with_cash=test.set is not SetOf.HOLDINGS,
    )


def _diversification(rule: Rule, market: Book) -> Form | None:
    test = rule.test
    assert isinstance(test, Diversification)
    if test.mode is Mode.GOOD_BASKET or not _of_market(test.exclude):
        return None
    groups, count = _grouped(market, test.group_by, (), test.exclude)
    ladder = test.mode is Mode.LADDER
    limits = test.ladder if ladder else (test.maximum or Decimal(0),)
    return Weights(
        rule=rule,
        groups=groups,
        count=count,
        limits=tuple(Fraction(limit) for limit in limits),
        large_over=None if ladder else Fraction(test.large_over or 0),
        ladder=ladder,
    )


def _listed(rule: Rule, market: Book) -> Form | None:
    """Every security that the rule itself would find, or could not tell."""
    test = rule.test
    assert isinstance(test, ListMembership)
    own = test.list in ("do_not_buy", "do_not_sell")
    if own or test.must_be_listed or {MatchOn.COUNTERPARTY, MatchOn.BROKER} & set(test.match_on):
        return None
    flags = [test.finds(market, security_id) for security_id in market.securities()]
    return Listed(rule=rule, flags=np.array(flags, dtype=bool))


def _of_market(conditions: Iterable[Condition]) -> bool:
    """Whether the conditions ask only of the market, not of one account or order."""
    return all(
        reference.about in _OF_MARKET
        for condition in conditions
        for reference in (condition.left, condition.other)
        if reference is not None
    )


def _grouped(
    market: Book,
    by: GroupBy,
    only: tuple[Condition, ...],
    exclude: tuple[Condition, ...],
) -> tuple[Whole, int]:
    """The group of each security, and how many groups there are, one at least."""
    groups = np.full(len(market.securities()), OUT, dtype=np.int64)
    places: dict[str, int] = {}
    for index, security_id in enumerate(market.securities()):
        subject = Subject(market, "", security_id)
        try:
            if any_holds(exclude, subject) or not all_hold(only, subject):
                continue
            name = group_of(by, market, "", security_id)
        except MissingDataError:
            groups[index] = UNKNOWN
            continue
        if name is not None:
            groups[index] = places.setdefault(name, len(places))
    return groups, max(len(places), 1)


def _by_mandate(source: LimitFrom | None, market: Book) -> Mapping[str, Fraction] | None:
    """The limit of each mandate, when the limit is a term of mandates."""
    if source is None or not source.name.startswith("mandate.") or "sector" in source.name:
        return None
    return {
        mandate.mandate_id: Fraction(source.of_mandate(mandate))
        for mandate in market.snapshot.mandates
    }


def _of_chunk(limit: Bound, chunk: Chunk) -> Whole:
    """(accounts,) or () millionths."""
    if isinstance(limit, Fraction):
        return np.array(_millionths(limit), dtype=np.int64)
    known = {mandate_id: _millionths(found) for mandate_id, found in limit.items()}
    return np.array([known[mandate_id] for mandate_id in chunk.mandates], dtype=np.int64)


def _millionths(limit: Fraction) -> int:
    scaled = limit * MILLIONTHS
    assert scaled.denominator == 1, "limits have six places at most"
    return scaled.numerator


def _floor(millionths: Whole, base: Whole) -> Whole:
    """The largest whole number <= limit x base, without overflow."""
    whole, rest = np.divmod(base, MILLIONTHS)
    found: Whole = whole * millionths + rest * millionths // MILLIONTHS
    return found


def _ceiling(millionths: Whole, base: Whole) -> Whole:
    """The least whole number >= limit x base."""
    whole, rest = np.divmod(base, MILLIONTHS)
    found: Whole = whole * millionths - (-rest * millionths) // MILLIONTHS
    return found
