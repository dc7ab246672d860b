"""GroupWeight: whether any group's share of the base is too large."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.orders import Side
from oms.compliance.bases import base_of
from oms.compliance.book import Book
from oms.compliance.rules import AccountQuestion, Answer, Timing, fraction_of
from oms.wording import dollars, percent, shares


class GroupBy(StrEnum):
    """What makes holdings one group, by the security master."""

    SECURITY = "security"
    ISSUER = "issuer"
    SECTOR = "sector"
    INDUSTRY = "industry"
    COUNTRY = "country"


class WeightFrom(StrEnum):
    """A limit that each client's mandate sets for itself."""

    NAME_MAXIMUM = "mandate.name_maximum"
    SECTOR_LIMITS = "mandate.sector_limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One group before and after the trades, in dollars."""

    name: str
    before: Decimal
    after: Decimal
    allowed: Decimal  # Dollars.
    limit: Decimal  # Of the base.
    security_ids: tuple[str, ...]

    def is_breach(self, timing: Timing) -> bool:
        """Above its limit and made so, or, if drift counts, left so, by these trades."""
        worse = self.after > self.before
        left_alone = self.after == self.before and timing is Timing.CONTINUOUS
        return self.after > self.allowed and (worse or left_alone)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWeight:
    """Each group's market value after the trades <= limit x base."""

    group_by: GroupBy
    maximum: Decimal | None = None  # Fraction of the base ...
    maximum_from: WeightFrom | None = None  # ... or whose limit it is.
    exclude: tuple[str, ...] = ()  # Names of groups that do not count.

    def problem(self) -> tuple[str, str] | None:
        if (self.maximum is None) == (self.maximum_from is None):
            return "maximum", "give either maximum or maximum_from"
        if self.maximum is not None and not 0 < self.maximum <= 1:
            return "maximum", "a fraction above 0 and at most 1"
        if self.maximum_from is WeightFrom.SECTOR_LIMITS and self.group_by is not GroupBy.SECTOR:
            return "maximum_from", 'group_by = "sector" for mandate.sector_limits'
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        book, account_id = question.book, question.account_id
        base = base_of(question.rule.base, book, account_id)
        groups = tuple(self._groups(book, account_id, base))
        if not groups:
            return None
        traded = book.traded(account_id).keys()
        touched = [group for group in groups if traded & set(group.security_ids)]
        breaches = [group for group in groups if group.is_breach(question.rule.timing)]
        worst = max(breaches or touched or groups, key=lambda g: (g.after - g.allowed, g.name))
        sentence = _pass_words(worst, base)
        if breaches:
            sentence = _breach_words(worst, base) + _cause(worst, book, account_id)
        if len(breaches) > 1:
            sentence += f" ({len(breaches) - 1} more by {self.group_by} like it)"
        return Answer(
            verdict=Verdict.BREACH if breaches else Verdict.PASS,
            sentence=sentence,
            security_ids=worst.security_ids,
            value=fraction_of(worst.after, base),
            limit=worst.limit,
            numerator=worst.after,
            base=base,
            headroom=worst.allowed - worst.after,
            largest_quantity=_largest(worst, book, account_id),
        )

    def _groups(self, book: Book, account_id: str, base: Decimal) -> Iterator[_Group]:
        held, traded = book.held(account_id), book.traded(account_id)
        members: defaultdict[str, list[str]] = defaultdict(list)
        for security_id in sorted(held.keys() | traded.keys()):
            members[self._group_of(book, security_id)].append(security_id)
        for name, ids in sorted(members.items()):
            limit = self._limit(book, account_id, name)
            if limit is None or name in self.exclude:
                continue
            before = sum((held.get(i, ZERO) * book.price(i) for i in ids), ZERO)
            change = sum((traded.get(i, ZERO) * book.price(i) for i in ids), ZERO)
            yield _Group(
                name=name,
                before=before,
                after=before + change,
                allowed=limit * max(base, ZERO),
                limit=limit,
                security_ids=tuple(ids),
            )

    def _group_of(self, book: Book, security_id: str) -> str:
        security = book.security(security_id)
        return {
            GroupBy.SECURITY: security.symbol,
            GroupBy.ISSUER: security.issuer,
            GroupBy.SECTOR: security.sector,
            GroupBy.INDUSTRY: security.industry,
            GroupBy.COUNTRY: security.country,
        }[self.group_by]

    def _limit(self, book: Book, account_id: str, group: str) -> Decimal | None:
        if self.maximum is not None:
            return self.maximum
        mandate = book.mandate(account_id)
        if self.maximum_from is WeightFrom.NAME_MAXIMUM:
            return mandate.name_maximum
        band = mandate.sector_limits.get(group)
        return None if band is None else band.maximum


def _breach_words(group: _Group, base: Decimal) -> str:
    weight = f"would go from {percent(fraction_of(group.before, base))} to"
    if group.before == group.after:
        weight = "is"
    return (
        f"{group.name} {weight} {percent(fraction_of(group.after, base))} of the account, "
        f"{dollars(group.after)} of {dollars(base)}; the limit is {percent(group.limit)}: "
        f"{dollars(group.after - group.allowed)} too much"
    )


def _cause(group: _Group, book: Book, account_id: str) -> str:
    """Which purchases do it, and how much of a single one would pass."""
    bought = sorted(
        f"{trade.symbol} ({shares(trade.quantity)})"
        for trade in book.trades_of(account_id)
        if trade.security_id in group.security_ids and trade.side is Side.BUY
    )
    if not bought:
        return ""
    largest = _largest(group, book, account_id)
    passing = f", of which {shares(largest) if largest else 'none'} would pass"
    return f"; it comes of buying {', '.join(bought)}{passing if largest is not None else ''}"


def _pass_words(group: _Group, base: Decimal) -> str:
    weight = (
        f"{group.name} would be {dollars(group.after)}, {percent(fraction_of(group.after, base))} "
        f"of {dollars(base)}; the limit is {percent(group.limit)}"
    )
    if group.after > group.allowed:
        return f"{weight}; it was {dollars(group.before)} and these trades do not add to it"
    return f"{weight}: {dollars(group.allowed - group.after)} of room"


def _largest(group: _Group, book: Book, account_id: str) -> Decimal | None:
    """The most shares of the group's one buy that would pass; None when it is not just one."""
    touching = [t for t in book.trades_of(account_id) if t.security_id in group.security_ids]
    if len(touching) != 1 or group.after <= group.before:
        return None
    room = max(group.allowed - group.before, ZERO)
    return (room / book.price(touching[0].security_id)).to_integral_value(ROUND_DOWN)
