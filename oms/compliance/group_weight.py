"""GroupWeight: whether any group's share of the base is too large."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from oms.compliance.bases import BASE_WORDS, Base, base_of
from oms.compliance.conditions import Condition, Subject, all_hold
from oms.compliance.groups import GroupBy
from oms.compliance.limits import ClassLimit, LimitFrom, limit_of, limits_problem
from oms.compliance.rules import AccountQuestion, Answer, fraction_of
from oms.compliance.sums import GroupSum, group_sums, largest_sum
from oms.wording import dollars, percent, shares

ONE = Decimal(1)


class _Group(NamedTuple):
    """One group against its limit, in dollars; a short form, as there are many."""

    sums: GroupSum
    before: Decimal
    after: Decimal
    limit: Decimal  # Of the base.
    excess: Decimal  # Above what is allowed; negative: room.


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWeight:
    """Each group's value after the trades <= limit x base."""

    group_by: GroupBy
    maximum: Decimal | None = None  # Fraction of the base ...
    maximum_from: LimitFrom | None = None  # ... or whose limit it is ...
    limits: tuple[ClassLimit, ...] = ()  # ... unless the group is of one of these classes.
    only: tuple[Condition, ...] = ()  # What counts ...
    exclude: tuple[Condition, ...] = ()  # ... and what does not.
    exception_maximum: Decimal | None = None  # For the one largest group ...
    exception_where: tuple[Condition, ...] = ()  # ... of accounts that claim it.
    net_of_collateral: bool = False  # Counterparties: less what they have posted.

    def problem(self) -> tuple[str, str] | None:
        by_sector = self.maximum_from == LimitFrom("mandate.sector_limits")
        if by_sector and self.group_by is not GroupBy.SECTOR:
            return "maximum_from", 'group_by = "sector" for mandate.sector_limits'
        if self.exception_maximum is not None and not self.exception_where:
            return "exception_where", "conditions that say which accounts may claim it"
        return limits_problem(self, most=ONE)

    def about_account(self, question: AccountQuestion) -> Answer | None:
        base = base_of(question.rule.base, question.book, question.account_id)
        groups = self._groups(question, max(base, ZERO))
        if not groups:
            return None
        breaches = [g for g in groups if g.excess > 0 and question.blames(g.after - g.before)]
        worst = _worst(breaches, groups)
        sentence = _pass_words(worst, base)
        if breaches:
            sentence = _breach_words(worst, base, question.rule.base)
            sentence += _cause(question, worst)
        if len(breaches) > 1:
            sentence += f" ({len(breaches) - 1} more by {self.group_by} like it)"
        return Answer(
            verdict=Verdict.BREACH if breaches else Verdict.PASS,
            sentence=sentence,
            security_ids=worst.sums.held_ids,
            value=fraction_of(worst.after, base),
            limit=worst.limit,
            numerator=worst.after,
            base=base,
            headroom=-worst.excess,
            largest_quantity=_largest(question, worst),
        )

    def _groups(self, question: AccountQuestion, base: Decimal) -> list[_Group]:
        sums = group_sums(question, self.group_by, self.only, self.exclude)
        plain = not (self.limits or self.exception_maximum or self.net_of_collateral)
        if plain and self.maximum is not None and sums:
            return _that_matter(sums, self.maximum, base)
        groups = []
        for found in sums:
            limit = self._limit(question, found)
            if limit is None:
                continue
            posted = ZERO
            if self.net_of_collateral:
                book, account_id = question.book, question.account_id
                posted = book.number(About.ACCOUNT, account_id, "collateral", found.name)
            before, after = max(found.before - posted, ZERO), max(found.after - posted, ZERO)
            groups.append(_Group(found, before, after, limit, after - limit * base))
        return self._excepted(question, groups, base)

    def _limit(self, question: AccountQuestion, sums: GroupSum) -> Decimal | None:
        if not self.limits and self.maximum is not None:
            return self.maximum
        book, account_id = question.book, question.account_id
        subjects = (Subject(book, account_id, i) for i in sums.security_ids)
        return limit_of(self, subjects, account_id, sums.name)

    def _excepted(
        self, question: AccountQuestion, groups: list[_Group], base: Decimal
    ) -> list[_Group]:
        """The groups, the one that is largest at the limit of the exception where it is claimed."""
        if self.exception_maximum is None or not groups:
            return groups
        if not all_hold(self.exception_where, question.subject):
            return groups
        largest = max(groups, key=lambda group: (group.after, group.sums.name))
        limit = self.exception_maximum
        excused = largest._replace(limit=limit, excess=largest.after - limit * base)
        return [excused if group is largest else group for group in groups]


def _that_matter(sums: tuple[GroupSum, ...], limit: Decimal, base: Decimal) -> list[_Group]:
    """Under one limit for all: the groups above it, and the largest that the trades touch."""
    allowed = limit * base
    matter = [found for found in sums if found.after > allowed]
    largest = largest_sum(sums)
    if not any(found is largest for found in matter):
        matter.append(largest)
    return [_Group(f, f.before, f.after, limit, f.after - allowed) for f in matter]


def _worst(breaches: list[_Group], groups: list[_Group]) -> _Group:
    """The group of which the answer speaks: a breach, else one that the trades touch, else any."""
    asked = breaches or [group for group in groups if group.sums.is_touched] or groups
    return max(asked, key=lambda g: (g.excess, g.sums.name))


def _breach_words(group: _Group, base: Decimal, of: Base) -> str:
    weight = f"would go from {percent(fraction_of(group.before, base))} to"
    if group.before == group.after:
        weight = "is"
    return (
        f"{group.sums.name} {weight} {percent(fraction_of(group.after, base))} "
        f"of {BASE_WORDS[of]}, {dollars(group.after)} of {dollars(base)}; "
        f"the limit is {percent(group.limit)}: {dollars(group.excess)} too much{_through(group)}"
    )


def _through(group: _Group) -> str:
    return f", in part through {', '.join(group.sums.paths)}" if group.sums.paths else ""


def _cause(question: AccountQuestion, group: _Group) -> str:
    """Which purchases do it, and how much of a single one would pass."""
    bought = sorted(
        f"{trade.symbol} ({shares(trade.quantity)})"
        for trade in question.book.trades_of(question.account_id)
        if trade.security_id in group.sums.held_ids and trade.side is Side.BUY
    )
    if not bought:
        return ""
    largest = _largest(question, group)
    passing = f", of which {shares(largest) if largest else 'none'} would pass"
    return f"; it comes of buying {', '.join(bought)}{passing if largest is not None else ''}"


def _pass_words(group: _Group, base: Decimal) -> str:
    share = percent(fraction_of(group.after, base))
    weight = (
        f"{group.sums.name} would be {dollars(group.after)}, {share} of {dollars(base)}; "
        f"the limit is {percent(group.limit)}"
    )
    if group.excess > 0:
        return f"{weight}; it was {dollars(group.before)} and these trades do not add to it"
    return f"{weight}: {dollars(-group.excess)} of room"


def _largest(question: AccountQuestion, group: _Group) -> Decimal | None:
    """The most shares of the group's one buy that would pass; None when it is not just one.

    In closed form only where the purchase does not move the base: total assets grow
    with what is bought on credit.
    """
    if question.rule.base not in (Base.NET_ASSETS, Base.NET_PLUS_BORROWINGS):
        return None
    trades = question.book.trades_of(question.account_id)
    touching = [trade for trade in trades if trade.security_id in group.sums.held_ids]
    if len(touching) != 1 or group.after <= group.before:
        return None
    room = max(group.after - group.excess - group.before, ZERO)
    per_share = (group.after - group.before) / touching[0].quantity
    return (room / per_share).to_integral_value(ROUND_DOWN)
