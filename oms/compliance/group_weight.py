"""GroupWeight: whether any group's share of the base is too large."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from oms.compliance.bases import BASE_WORDS, Base, base_of
from oms.compliance.conditions import Condition, Subject, all_hold, any_holds
from oms.compliance.exposures import Exposure, exposures, path_words
from oms.compliance.groups import GroupBy, group_of
from oms.compliance.limits import ClassLimit, LimitFrom, limit_of, limits_problem
from oms.compliance.rules import AccountQuestion, Answer, fraction_of
from oms.wording import dollars, percent, shares

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One group before and after the trades, in dollars."""

    name: str
    before: Decimal
    after: Decimal
    allowed: Decimal  # Dollars.
    limit: Decimal  # Of the base.
    security_ids: tuple[str, ...]  # What is held for it.
    paths: tuple[str, ...]  # How it is exposed through other names.


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
        groups = self._excepted(question, tuple(self._groups(question, base)), base)
        if not groups:
            return None
        traded = question.book.traded(question.account_id).keys()
        touched = [group for group in groups if traded & set(group.security_ids)]
        breaches = [
            group
            for group in groups
            if group.after > group.allowed and question.blames(group.after - group.before)
        ]
        worst = max(breaches or touched or groups, key=lambda g: (g.after - g.allowed, g.name))
        sentence = _pass_words(worst, base)
        if breaches:
            sentence = _breach_words(worst, base, question.rule.base)
            sentence += _cause(question, worst)
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
            largest_quantity=_largest(question, worst),
        )

    def _groups(self, question: AccountQuestion, base: Decimal) -> Iterator[_Group]:
        book, account_id = question.book, question.account_id
        members: defaultdict[str, list[Exposure]] = defaultdict(list)
        for exposure in exposures(book, account_id, question.rule.look_through):
            subject = Subject(book, account_id, exposure.security_id)
            if any_holds(self.exclude, subject) or not all_hold(self.only, subject):
                continue
            name = group_of(self.group_by, book, account_id, exposure.security_id)
            if name is not None:
                members[name].append(exposure)
        for name, found in sorted(members.items()):
            subjects = (Subject(book, account_id, e.security_id) for e in found)
            limit = limit_of(self, subjects, account_id, name)
            if limit is not None:
                yield self._group(question, name, found, limit, base)

    def _group(
        self,
        question: AccountQuestion,
        name: str,
        found: list[Exposure],
        limit: Decimal,
        base: Decimal,
    ) -> _Group:
        before = sum((exposure.before for exposure in found), ZERO)
        after = sum((exposure.after for exposure in found), ZERO)
        if self.net_of_collateral:
            posted = question.book.number(About.ACCOUNT, question.account_id, "collateral", name)
            before, after = max(before - posted, ZERO), max(after - posted, ZERO)
        return _Group(
            name=name,
            before=before,
            after=after,
            allowed=limit * max(base, ZERO),
            limit=limit,
            security_ids=tuple(dict.fromkeys(exposure.held_id for exposure in found)),
            paths=tuple(dict.fromkeys(filter(None, map(path_words, found)))),
        )

    def _excepted(
        self, question: AccountQuestion, groups: tuple[_Group, ...], base: Decimal
    ) -> tuple[_Group, ...]:
        """The groups, the one that is largest at the limit of the exception where it is claimed."""
        if self.exception_maximum is None or not groups:
            return groups
        if not all_hold(self.exception_where, question.subject):
            return groups
        largest = max(groups, key=lambda group: (group.after, group.name))
        limit = self.exception_maximum
        excused = replace(largest, limit=limit, allowed=limit * max(base, ZERO))
        return tuple(excused if group is largest else group for group in groups)


def _breach_words(group: _Group, base: Decimal, of: Base) -> str:
    weight = f"would go from {percent(fraction_of(group.before, base))} to"
    if group.before == group.after:
        weight = "is"
    return (
        f"{group.name} {weight} {percent(fraction_of(group.after, base))} of {BASE_WORDS[of]}, "
        f"{dollars(group.after)} of {dollars(base)}; the limit is {percent(group.limit)}: "
        f"{dollars(group.after - group.allowed)} too much{_through(group)}"
    )


def _through(group: _Group) -> str:
    return f", in part through {', '.join(group.paths)}" if group.paths else ""


def _cause(question: AccountQuestion, group: _Group) -> str:
    """Which purchases do it, and how much of a single one would pass."""
    bought = sorted(
        f"{trade.symbol} ({shares(trade.quantity)})"
        for trade in question.book.trades_of(question.account_id)
        if trade.security_id in group.security_ids and trade.side is Side.BUY
    )
    if not bought:
        return ""
    largest = _largest(question, group)
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


def _largest(question: AccountQuestion, group: _Group) -> Decimal | None:
    """The most shares of the group's one buy that would pass; None when it is not just one.

    In closed form only where the purchase does not move the base: total assets grow
    with what is bought on credit.
    """
    if question.rule.base not in (Base.NET_ASSETS, Base.NET_PLUS_BORROWINGS):
        return None
    trades = question.book.trades_of(question.account_id)
    touching = [trade for trade in trades if trade.security_id in group.security_ids]
    if len(touching) != 1 or group.after <= group.before:
        return None
    room = max(group.allowed - group.before, ZERO)
    per_share = (group.after - group.before) / touching[0].quantity
    return (room / per_share).to_integral_value(ROUND_DOWN)
