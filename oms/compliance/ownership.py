"""Ownership: how much of what is outstanding is ours, over everybody who counts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from oms.compliance.book import Aggregate, Book, MissingDataError
from oms.compliance.conditions import Condition, Subject, all_hold
from oms.compliance.days import CureClock
from oms.compliance.exposures import LookThrough, exposures
from oms.compliance.groups import votes_of, votes_outstanding
from oms.compliance.limits import ClassLimit, LimitFrom, limit_of, limits_problem
from oms.compliance.rules import AccountQuestion, Answer, fraction_of
from oms.wording import percent, shares

ONE = Decimal(1)


class Of(StrEnum):
    """What it is a part of."""

    VOTES = "votes"  # The issuer's, over all classes.
    CLASS = "class"  # Units of the class outstanding.
    DEBT = "debt"  # The issuer's debt, by principal.
    OFFERING = "offering"  # Units of the offering.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Our part of one thing: units, votes or principal."""

    name: str
    before: Decimal
    after: Decimal
    own_change: Decimal  # What the asking account itself adds.
    outstanding: Decimal
    limit: Decimal
    held: tuple[str, ...]

    @property
    def excess(self) -> Decimal:
        return self.after - self.limit * self.outstanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Units held after the trades by all who count <= maximum x outstanding."""

    of: Of
    maximum: Decimal | None = None
    maximum_from: LimitFrom | None = None
    limits: tuple[ClassLimit, ...] = ()
    only: tuple[Condition, ...] = ()
    counts: tuple[Condition, ...] = ()  # Which accounts count; none given: all of them.
    unless: tuple[Condition, ...] = ()  # What makes it no breach.
    duty: str = ""  # What a crossing obliges to.
    due: CureClock | None = None  # By when.

    def problem(self) -> tuple[str, str] | None:
        return limits_problem(self, most=ONE)

    def about_account(self, question: AccountQuestion) -> Answer | None:
        parts = tuple(self._parts(question))
        if not parts:
            return None
        breaches = [part for part in parts if part.excess > 0 and question.blames(_worse(part))]
        worst = max(breaches or parts, key=lambda p: (p.excess / p.outstanding, p.name))
        return self._answer(question, worst, breach=bool(breaches))

    def _parts(self, question: AccountQuestion) -> Iterator[_Part]:
        book, rule = question.book, question.rule
        own = units(book, question.account_id, rule.look_through)
        asked = book.traded(question.account_id) or own
        if rule.look_through:
            asked = {i: ONE for i, (before, after) in own.items() if before != after} or own
        everybody = self._everybody(book, question.account_id, rule.aggregate, rule.look_through)
        for key, ids in self.things(book, question.account_id, asked).items():
            subjects = [Subject(book, question.account_id, i) for i in ids]
            limit = self.limit(subjects, question.account_id)
            if limit is None:
                continue
            weight = {i: self.weight(book, i) for i in ids}
            outside = self.outside(book, ids)
            before, after = _summed(everybody, weight)
            own_before, own_after = _summed(own, weight)
            yield _Part(
                name=key,
                before=before + outside,
                after=after + outside,
                own_change=own_after - own_before,
                outstanding=self.outstanding(book, ids[0]),
                limit=limit,
                held=ids,
            )

    def limit(self, subjects: Sequence[Subject], account_id: str) -> Decimal | None:
        """Of what is outstanding of one thing; None: nothing is asked of it."""
        if self.unless and all_hold(self.unless, subjects[0]):
            return None
        return limit_of(self, subjects, account_id)

    def outside(self, book: Book, ids: Iterable[str]) -> Decimal:
        """What we hold of one thing outside of the book."""
        return sum(
            (self.weight(book, i) * book.number(About.SECURITY, i, "held_elsewhere") for i in ids),
            ZERO,
        )

    def things(
        self, book: Book, account_id: str, asked: Iterable[str]
    ) -> dict[str, tuple[str, ...]]:
        """What is owned a part of, with the securities that give it."""
        things: dict[str, tuple[str, ...]] = {}
        for security_id in sorted(asked):
            if not all_hold(self.only, Subject(book, account_id, security_id)):
                continue
            if not self.weight(book, security_id):
                continue
            if self.of in (Of.CLASS, Of.OFFERING):
                things[book.symbol(security_id)] = (security_id,)
            else:
                issuer = book.security(security_id).issuer
                things[issuer] = tuple(book.classes_of(issuer))
        return things

    def _everybody(
        self,
        book: Book,
        account_id: str,
        aggregate: Aggregate,
        look: tuple[LookThrough, ...],
    ) -> dict[str, tuple[Decimal, Decimal]]:
        found: defaultdict[str, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
        for member in book.members(account_id, aggregate):
            if all_hold(self.counts, Subject(book, member)):
                for security_id, (before, after) in units(book, member, look).items():
                    was, now = found[security_id]
                    found[security_id] = was + before, now + after
        return dict(found)

    def weight(self, book: Book, security_id: str) -> Decimal:
        """Votes or principal of one unit; 0 for what gives no part."""
        if self.of is Of.VOTES:
            return votes_of(book, security_id)
        if self.of is Of.DEBT:
            kind = book.text(About.SECURITY, security_id, "kind")
            is_debt = kind in ("corporate_bond", "convertible_bond", "commercial_paper", "loan")
            return book.number(About.SECURITY, security_id, "principal") if is_debt else ZERO
        return ONE

    def outstanding(self, book: Book, security_id: str) -> Decimal:
        """All of it; raises `MissingDataError` when nobody says."""
        issuer = book.security(security_id).issuer
        if self.of is Of.VOTES:
            found = votes_outstanding(book, issuer)
        elif self.of is Of.DEBT:
            found = book.number(About.ISSUER, issuer, "debt_outstanding")
        else:
            name = "offering" if self.of is Of.OFFERING else "outstanding"
            found = book.number(About.SECURITY, security_id, name)
        if found <= 0:
            raise MissingDataError(f"{book.symbol(security_id)} has nothing outstanding")
        return found

    def _answer(self, question: AccountQuestion, part: _Part, *, breach: bool) -> Answer:
        aggregate = question.rule.aggregate
        who = {Aggregate.FIRM: "the firm", Aggregate.GROUP: "the group"}.get(aggregate)
        words = (
            f"{who or question.account_id} would hold {shares(part.after)} of "
            f"{shares(part.outstanding)} {part.name} ({self.of}), "
            f"{percent(fraction_of(part.after, part.outstanding))}; at most {percent(part.limit)}"
        )
        due = None
        if part.excess > 0 and not breach:
            words += f"; it was {shares(part.before)} and these trades do not add to it"
        if breach and self.duty:
            words += f"; {self.duty}"
        if breach and self.due is not None:
            due = self.due.due(question.book.trade_date, question.book.holidays())
            words += f" by {due}"
        return Answer(
            verdict=Verdict.BREACH if breach else Verdict.PASS,
            sentence=words,
            security_ids=part.held,
            value=fraction_of(part.after, part.outstanding),
            limit=part.limit,
            numerator=part.after,
            base=part.outstanding,
            headroom=-part.excess,
            largest_quantity=_largest(question, part),
            due=due,
        )


def units(
    book: Book, account_id: str, look: tuple[LookThrough, ...]
) -> dict[str, tuple[Decimal, Decimal]]:
    """Units of each name before and after the trades, derivatives in those of the underlying."""
    held, traded = book.held(account_id), book.traded(account_id)
    if not look:
        return {
            i: (held.get(i, ZERO), held.get(i, ZERO) + traded.get(i, ZERO))
            for i in held.keys() | traded.keys()
        }
    found: defaultdict[str, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    for exposure in exposures(book, account_id, look):
        price = book.price(exposure.security_id)
        before, after = found[exposure.security_id]
        found[exposure.security_id] = (
            before + exposure.before / price,
            after + exposure.after / price,
        )
    return dict(found)


def _summed(
    found: dict[str, tuple[Decimal, Decimal]], weight: dict[str, Decimal]
) -> tuple[Decimal, Decimal]:
    none = (ZERO, ZERO)
    before = sum((weight[i] * found.get(i, none)[0] for i in weight), ZERO)
    after = sum((weight[i] * found.get(i, none)[1] for i in weight), ZERO)
    return before, after


def _worse(part: _Part) -> Decimal:
    """How much worse the basket makes it; an account that does not add is not to blame."""
    return part.after - part.before if part.own_change > 0 else part.own_change


def _largest(question: AccountQuestion, part: _Part) -> Decimal | None:
    """Of the account's one purchase: what the others leave room for, in its own shares."""
    trades = [t for t in question.book.trades_of(question.account_id) if t.security_id in part.held]
    if len(trades) != 1 or part.own_change <= 0:
        return None
    others = part.after - part.own_change
    room = max(part.limit * part.outstanding - others, ZERO)
    return (room / (part.own_change / trades[0].quantity)).to_integral_value(ROUND_DOWN)
