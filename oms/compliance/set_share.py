"""SetShare: whether a set's share of the base is above or below its limit.

Cash counts as it will be when all is done: after the trades, their expected
cost, and the withdrawals that are due.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.orders import Side
from oms.compliance.amounts import AmountFrom, total
from oms.compliance.bases import BASE_WORDS, base_of
from oms.compliance.book import Book, signed
from oms.compliance.conditions import Condition, Subject, all_hold, any_holds
from oms.compliance.limits import LimitFrom
from oms.compliance.rules import AccountQuestion, Answer, fraction_of
from oms.compliance.sums import set_sum
from oms.wording import dollars, percent


class SetOf(StrEnum):
    """The set whose share is asked for."""

    CASH = "cash"
    HOLDINGS = "holdings"  # What the conditions describe.
    HOLDINGS_AND_CASH = "holdings_and_cash"
    AMOUNTS = "amounts"  # Facts about the account alone.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """The set before and after the trades, in dollars, and what it is measured by."""

    what: str
    before: Decimal
    after: Decimal
    base: Decimal
    of: str
    limit: Decimal

    @property
    def allowed(self) -> Decimal:
        return self.limit * max(self.base, ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetShare:
    """The set's value after the trades >= minimum x base, or <= maximum x base."""

    set: SetOf
    where: tuple[Condition, ...] = ()
    exclude: tuple[Condition, ...] = ()
    amounts: tuple[AmountFrom, ...] = ()  # Facts that are added to the numerator.
    base_amounts: tuple[AmountFrom, ...] = ()  # Facts that are the base, instead of assets.
    minimum: Decimal | None = None  # Fraction of the base ...
    minimum_from: LimitFrom | None = None  # ... or whose limit it is.
    maximum: Decimal | None = None
    maximum_from: LimitFrom | None = None
    only_set_below: bool = False  # Below the minimum nothing else may be bought.

    def problem(self) -> tuple[str, str] | None:
        given = (self.minimum, self.minimum_from, self.maximum, self.maximum_from)
        if sum(limit is not None for limit in given) != 1:
            return "minimum", "give one of minimum, minimum_from, maximum and maximum_from"
        for key, limit in (("minimum", self.minimum), ("maximum", self.maximum)):
            if limit is not None and not 0 <= limit <= 1:
                return key, "a fraction from 0 to 1"
        if self.set in (SetOf.HOLDINGS, SetOf.HOLDINGS_AND_CASH) and not self.where:
            return "where", "conditions that say which holdings are in the set"
        if self.set is SetOf.AMOUNTS and not (self.amounts and self.base_amounts):
            return "amounts", "facts for the numerator, and base_amounts for the base"
        stray = self.only_set_below and self.is_ceiling
        return ("only_set_below", "left out: it belongs to a minimum") if stray else None

    @property
    def is_ceiling(self) -> bool:
        """Whether the limit is an upper one."""
        return self.maximum is not None or self.maximum_from is not None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        share = self._share(question)
        over = share.after > share.allowed if self.is_ceiling else share.after < share.allowed
        worse = share.after - share.before if self.is_ceiling else share.before - share.after
        breach = over and question.blames(worse)
        strangers = self._strangers(question) if over and self.only_set_below else ()
        verdict = Verdict.BREACH if breach or strangers else Verdict.PASS
        due = question.book.withdrawals(question.account_id)
        sentence = _sentence(share, ceiling=self.is_ceiling, verdict=verdict, due=due)
        if self.set is SetOf.CASH:
            sentence = _cash_sentence(share, verdict=verdict, due=due)
        if strangers:
            sentence += f"; below the minimum {', '.join(strangers)} may not be bought"
        room = share.allowed - share.after
        return Answer(
            verdict=verdict,
            sentence=sentence,
            value=fraction_of(share.after, share.base),
            limit=share.limit,
            numerator=share.after,
            base=share.base,
            headroom=room if self.is_ceiling else -room,
        )

    def _share(self, question: AccountQuestion) -> _Share:
        book, account_id = question.book, question.account_id
        base = base_of(question.rule.base, book, account_id)
        of = BASE_WORDS[question.rule.base]
        if self.base_amounts:
            base = total(self.base_amounts, book, account_id)
            of = " and ".join(str(amount) for amount in self.base_amounts)
        before, after = self._values(question)
        return _Share(
            what=self._words(),
            before=before,
            after=after,
            base=base,
            of=of,
            limit=self.limit(book, account_id),
        )

    def _values(self, question: AccountQuestion) -> tuple[Decimal, Decimal]:
        book, account_id = question.book, question.account_id
        before = after = total(self.amounts, book, account_id)
        if self.set in (SetOf.CASH, SetOf.HOLDINGS_AND_CASH):
            cash = book.cash(account_id) - book.withdrawals(account_id)
            before += cash
            after += cash + _change(book, account_id)
        if self.set in (SetOf.HOLDINGS, SetOf.HOLDINGS_AND_CASH):
            held_before, held_after = set_sum(question, self.where, self.exclude)
            before += held_before
            after += held_after
        return before, after

    def fixed_part(self, book: Book, account_id: str) -> Decimal:
        """What the facts add to the numerator, whatever is traded."""
        return total(self.amounts, book, account_id)

    def counts(self, subject: Subject) -> bool:
        """Whether a holding is in the set; raises `MissingDataError`."""
        return not any_holds(self.exclude, subject) and all_hold(self.where, subject)

    def limit(self, book: Book, account_id: str) -> Decimal:
        """The limit that binds the account, a fraction of the base."""
        source = self.minimum_from or self.maximum_from
        if source is not None:
            limit = source.read(book, account_id)
            assert limit is not None
            return limit
        fixed = self.minimum if self.minimum is not None else self.maximum
        assert fixed is not None
        return fixed

    def _strangers(self, question: AccountQuestion) -> tuple[str, ...]:
        """Names outside the set that the trades buy."""
        book, account_id = question.book, question.account_id
        return tuple(
            trade.symbol
            for trade in book.trades_of(account_id)
            if trade.side is Side.BUY
            and not self.counts(Subject(book, account_id, trade.security_id))
        )

    def _words(self) -> str:
        parts = [" and ".join(str(condition) for condition in self.where)] if self.where else []
        if self.set in (SetOf.CASH, SetOf.HOLDINGS_AND_CASH):
            parts.append("cash")
        parts += [str(amount) for amount in self.amounts]
        return " plus ".join(parts)


def _change(book: Book, account_id: str) -> Decimal:
    """What the trades do to cash at the snapshot's prices, less their expected cost."""
    change = ZERO
    for trade in book.trades_of(account_id):
        change -= signed(trade.side, trade.quantity) * book.price(trade.security_id)
        change -= trade.expected_cost
    return change


def _sentence(share: _Share, *, ceiling: bool, verdict: Verdict, due: Decimal) -> str:
    del due
    most = "at most" if ceiling else "at least"
    words = (
        f"{share.what} would be {dollars(share.after)}, "
        f"{percent(fraction_of(share.after, share.base))} of {dollars(share.base)} of {share.of}; "
        f"{most} {percent(share.limit)} is asked for, {dollars(share.allowed)}"
    )
    away = abs(share.allowed - share.after)
    over = share.after > share.allowed if ceiling else share.after < share.allowed
    if verdict is Verdict.BREACH:
        return f"{words}: {dollars(away)} too {'much' if ceiling else 'little'}"
    if over:
        return f"{words}; it was {dollars(share.before)} and these trades do not make it worse"
    return f"{words}: {dollars(away)} of room"


def _cash_sentence(share: _Share, *, verdict: Verdict, due: Decimal) -> str:
    kept = f" after {dollars(due)} of withdrawals due" if due else ""
    start = f"cash would be {dollars(share.after)}{kept}; the floor is {dollars(share.allowed)}"
    start += f", {percent(share.limit)} of the account"
    if verdict is Verdict.BREACH:
        return f"{start}: {dollars(share.allowed - share.after)} short"
    if share.after < share.allowed:
        return f"{start}; it was {dollars(share.before)} and these trades do not lower it"
    return f"{start}: {dollars(share.after - share.allowed)} of room"
