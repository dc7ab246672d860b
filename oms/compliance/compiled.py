"""Compiling: rules that are linear, as inequalities for the optimizer.

At acquisition a group may stay where the market has put it and may not be raised, so its
limit is the larger of the rule's and what is held. A rule under which drift counts asks
for the rule's own limit: that is stricter than the engine, which lets a part of a cure
through. Assets are taken as they are without an overdraft, which only adds to them. What is
not linear (baskets, sums of the large, papers, events), or would be an inequality for every few
names (ladders), is left to the engine, as is what is summed over several accounts; it
checks the rounded basket on other code in any case.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from domain.exact import ZERO
from domain.linear_limits import LinearLimit
from domain.orders import Side
from domain.snapshot import Snapshot
from oms.compliance.bases import Base, base_of
from oms.compliance.book import Aggregate, Book, MissingDataError
from oms.compliance.conditions import Subject, all_hold, any_holds
from oms.compliance.exposures import shares_of
from oms.compliance.group_weight import GroupWeight
from oms.compliance.groups import GroupBy, group_of
from oms.compliance.limits import limit_of
from oms.compliance.list_membership import ListMembership
from oms.compliance.lists import KnownList
from oms.compliance.order_bounds import Measure, OrderBounds
from oms.compliance.ownership import Ownership
from oms.compliance.rules import AccountQuestion, Rule, Stage, Timing
from oms.compliance.set_share import SetOf, SetShare

ONE = Decimal(1)


def compiled(
    rules: Sequence[Rule], snapshot: Snapshot, account_id: str, at: datetime
) -> tuple[LinearLimit, ...]:
    """Every linear limit of the rules in force on one account.

    A rule that cannot tell of the account as it stands gives no limit: the engine will
    say so of the basket.
    """
    book = Book(snapshot, (), at)
    types = book.account_types(account_id)
    found: list[LinearLimit] = []
    for rule in rules:
        compile_one = _COMPILERS.get(type(rule.test))
        asked = Stage.PRE_TRADE in rule.stage and rule.in_force(book.today)
        if compile_one is None or not asked or not rule.applies_to(types):
            continue
        question = AccountQuestion(rule=rule, book=book, account_id=account_id)
        try:
            found += list(compile_one(question))
        except MissingDataError:
            continue
    return tuple(found)


def is_linear(rule: Rule) -> bool:
    """Whether the whole rule is kept by its compiled limits."""
    test = rule.test
    if isinstance(test, GroupWeight):
        special = test.exception_maximum or test.net_of_collateral or test.limits
        fixed = test.group_by is not GroupBy.CONTROLLED_BUSINESS
        return not special and fixed
    if isinstance(test, SetShare):
        plain = not (test.base_amounts or test.only_set_below)
        return test.set is SetOf.HOLDINGS and plain
    if isinstance(test, ListMembership):
        return test.list in tuple(KnownList) and not test.unless
    if isinstance(test, Ownership):
        return rule.aggregate in (Aggregate.ACCOUNT, Aggregate.FUND) and not rule.look_through
    return isinstance(test, OrderBounds) and test.measure is Measure.HOLDING


def _group_weight(question: AccountQuestion) -> Iterator[LinearLimit]:
    rule, book, account_id = question.rule, question.book, question.account_id
    test = rule.test
    assert isinstance(test, GroupWeight)
    if not is_linear(rule):
        return
    base = max(_base(question), ZERO)
    groups: dict[str, dict[str, Decimal]] = {}
    inside: dict[str, list[Subject]] = {}
    for held_id, leaf_id, share in _market(question):
        subject = Subject(book, account_id, leaf_id)
        if any_holds(test.exclude, subject) or not all_hold(test.only, subject):
            continue
        name = group_of(test.group_by, book, account_id, leaf_id)
        if name is not None:
            members = groups.setdefault(name, {})
            members[held_id] = members.get(held_id, ZERO) + share
            inside.setdefault(name, []).append(subject)
    for name, coefficients in sorted(groups.items()):
        limit = limit_of(test, inside[name], account_id, name)
        if limit is not None:
            yield _ceiling(question, name, coefficients, limit * base)


def _set_share(question: AccountQuestion) -> Iterator[LinearLimit]:
    rule, book, account_id = question.rule, question.book, question.account_id
    test = rule.test
    assert isinstance(test, SetShare)
    if not is_linear(rule):
        return
    base = max(_base(question), ZERO)
    coefficients: dict[str, Decimal] = {}
    for held_id, leaf_id, share in _market(question):
        if test.counts(Subject(book, account_id, leaf_id)):
            coefficients[held_id] = coefficients.get(held_id, ZERO) + share
    allowed = test.limit(book, account_id) * base - test.fixed_part(book, account_id)
    if test.is_ceiling:
        yield _ceiling(question, "the set", coefficients, allowed)
    else:
        negative = {security_id: -share for security_id, share in coefficients.items()}
        yield _ceiling(question, "the set", negative, -allowed)


def _ownership(question: AccountQuestion) -> Iterator[LinearLimit]:
    """A part of what is outstanding, in dollars of the first class that gives it."""
    rule, book, account_id = question.rule, question.book, question.account_id
    test = rule.test
    assert isinstance(test, Ownership)
    if not is_linear(rule) or book.members(account_id, rule.aggregate) != (account_id,):
        return
    if not all_hold(test.counts, Subject(book, account_id)):
        return
    priced = [i for i in book.securities() if book.has_price(i)]
    for name, ids in test.things(book, account_id, priced).items():
        try:
            limit = test.limit([Subject(book, account_id, i) for i in ids], account_id)
            if limit is not None:
                yield _part(question, test, name, ids, limit)
        except MissingDataError:
            continue  # The engine says so of whoever trades it.


def _part(
    question: AccountQuestion, test: Ownership, name: str, ids: Sequence[str], limit: Decimal
) -> LinearLimit:
    book = question.book
    first, *others = (i for i in ids if test.weight(book, i))
    unit = book.price(first) / test.weight(book, first)  # Dollars of the first, for one part.
    coefficients = {first: ONE}
    coefficients |= {i: test.weight(book, i) / book.price(i) * unit for i in others}
    allowed = limit * test.outstanding(book, first) - test.outside(book, ids)
    return _ceiling(question, name, coefficients, allowed * unit)


def _base(question: AccountQuestion) -> Decimal:
    """The least that it can be after trades that borrow nothing more."""
    rule, book, account_id = question.rule, question.book, question.account_id
    base = base_of(rule.base, book, account_id)
    if rule.base in (Base.TOTAL_ASSETS, Base.PLAN_ASSETS):
        base += min(book.cash(account_id), ZERO)
    return base


def _listed(question: AccountQuestion) -> Iterator[LinearLimit]:
    """What is listed is neither bought nor sold, as the list says."""
    rule, book, account_id = question.rule, question.book, question.account_id
    test = rule.test
    assert isinstance(test, ListMembership)
    if not is_linear(rule):
        return
    held = _dollars(book, account_id)
    for security_id in book.securities():
        for side, sign in ((Side.BUY, ONE), (Side.SELL, -ONE)):
            if test.asks(side) and test.stops(book, account_id, security_id, side):
                yield LinearLimit(
                    rule_id=rule.rule_id,
                    label=f"{rule.rule_id}: no {side.name.lower()} of {book.symbol(security_id)}",
                    coefficients={security_id: sign},
                    limit=sign * held.get(security_id, ZERO),
                )


def _holding(question: AccountQuestion) -> Iterator[LinearLimit]:
    """Nothing is sold that is not held."""
    rule, book = question.rule, question.book
    if is_linear(rule):
        for security_id in book.securities():
            yield LinearLimit(
                rule_id=rule.rule_id,
                label=f"{rule.rule_id}: {book.symbol(security_id)} at least none",
                coefficients={security_id: -ONE},
                limit=ZERO,
            )


_COMPILERS: Mapping[type, Callable[[AccountQuestion], Iterable[LinearLimit]]] = {
    GroupWeight: _group_weight,
    SetShare: _set_share,
    ListMembership: _listed,
    Ownership: _ownership,
    OrderBounds: _holding,
}


def _ceiling(
    question: AccountQuestion, name: str, coefficients: Mapping[str, Decimal], allowed: Decimal
) -> LinearLimit:
    """The rule's limit, or where drift is forgiven what is held, if that is more."""
    held = _dollars(question.book, question.account_id)
    before = sum((share * held.get(i, ZERO) for i, share in coefficients.items()), ZERO)
    drift_counts = question.rule.timing in (Timing.CONTINUOUS, Timing.DAILY)
    return LinearLimit(
        rule_id=question.rule.rule_id,
        label=f"{question.rule.rule_id}: {name}",
        coefficients=dict(coefficients),
        limit=allowed if drift_counts else max(allowed, before),
    )


def _dollars(book: Book, account_id: str) -> dict[str, Decimal]:
    return {i: units * book.price(i) for i, units in book.held(account_id).items()}


def _market(question: AccountQuestion) -> Iterator[tuple[str, str, Decimal]]:
    """Of each security with a price: what a dollar of it counts as, after looking through."""
    for security_id in question.book.securities():
        if question.book.has_price(security_id):
            for leaf_id, share in shares_of(question.book, security_id, question.rule.look_through):
                yield security_id, leaf_id, share
