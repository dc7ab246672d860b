"""Sums of an account's exposures, by group and over a set.

Many rules ask for the same sums with other limits, so each is made once for a basket.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from domain.exact import ZERO
from oms.compliance.conditions import Condition, Subject, all_hold, any_holds
from oms.compliance.exposures import Exposure, exposures, path_words
from oms.compliance.groups import GroupBy, group_of
from oms.compliance.rules import AccountQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSum:
    """One group before and after the trades, in dollars."""

    name: str
    before: Decimal
    after: Decimal
    held_ids: tuple[str, ...]  # What is held for it.
    security_ids: tuple[str, ...]  # What that counts as.
    paths: tuple[str, ...]  # How it is exposed through other names.
    is_touched: bool  # Whether the trades buy or sell something of it.


def group_sums(
    question: AccountQuestion,
    by: GroupBy,
    only: tuple[Condition, ...],
    exclude: tuple[Condition, ...],
) -> tuple[GroupSum, ...]:
    """Every group of what counts, by name; raises `MissingDataError`."""
    book, account_id = question.book, question.account_id
    look = question.rule.look_through
    key = ("groups", account_id, look, by, only, exclude)
    known: tuple[GroupSum, ...] | None = book.kept.get(key)
    if known is None:
        members: defaultdict[str, list[Exposure]] = defaultdict(list)
        for exposure in exposures(book, account_id, look):
            if _counts(Subject(book, account_id, exposure.security_id), only, exclude):
                name = group_of(by, book, account_id, exposure.security_id)
                if name is not None:
                    members[name].append(exposure)
        traded = book.traded(account_id).keys()
        known = tuple(_sum(name, members[name], traded) for name in sorted(members))
        book.kept[key] = known
    return known


def largest_sum(groups: tuple[GroupSum, ...]) -> GroupSum:
    """The largest of what the trades touch; of all where they touch none."""
    return max(
        (group for group in groups if group.is_touched),
        key=lambda group: (group.after, group.name),
        default=max(groups, key=lambda group: (group.after, group.name)),
    )


def set_sum(
    question: AccountQuestion, where: tuple[Condition, ...], exclude: tuple[Condition, ...]
) -> tuple[Decimal, Decimal]:
    """What the set is worth before and after the trades; raises `MissingDataError`."""
    book, account_id = question.book, question.account_id
    look = question.rule.look_through
    key = ("set", account_id, look, where, exclude)
    known: tuple[Decimal, Decimal] | None = book.kept.get(key)
    if known is None:
        before = after = ZERO
        for exposure in exposures(book, account_id, look):
            if _counts(Subject(book, account_id, exposure.security_id), where, exclude):
                before += exposure.before
                after += exposure.after
        known = book.kept[key] = (before, after)
    return known


def _counts(subject: Subject, only: tuple[Condition, ...], exclude: tuple[Condition, ...]) -> bool:
    return not any_holds(exclude, subject) and all_hold(only, subject)


def _sum(name: str, found: list[Exposure], traded: Collection[str]) -> GroupSum:
    held_ids = tuple(dict.fromkeys(exposure.held_id for exposure in found))
    return GroupSum(
        name=name,
        before=sum((exposure.before for exposure in found), ZERO),
        after=sum((exposure.after for exposure in found), ZERO),
        held_ids=held_ids,
        security_ids=tuple(dict.fromkeys(exposure.security_id for exposure in found)),
        paths=tuple(dict.fromkeys(filter(None, map(path_words, found)))),
        is_touched=not set(traded).isdisjoint(held_ids),
    )
