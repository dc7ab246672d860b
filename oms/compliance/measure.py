"""Measure: one number of the portfolio against a limit.

A ratio is kept as numerator and denominator and is never divided for a verdict.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from oms.compliance.amounts import AmountFrom, total
from oms.compliance.bases import Base, base_of
from oms.compliance.book import Book
from oms.compliance.conditions import Condition, Subject, all_hold, any_holds
from oms.compliance.exposures import LookThrough
from oms.compliance.limits import ClassLimit, LimitFrom, limit_of
from oms.compliance.rules import AccountQuestion, Answer, Rule, fraction_of
from oms.wording import shares

ONE = Decimal(1)


class Quantity(StrEnum):
    """What is measured."""

    AMOUNTS = "amounts"  # Facts about the account, over the base or over other facts.
    FIGURE = "figure"  # The amounts as they are, over nothing.
    AVERAGE = "average"  # A fact about the securities, weighted by value.
    LARGEST = "largest"  # The largest of a fact about the securities.
    ASSET_COVERAGE = "asset_coverage"  # ICA 18(h): (total assets - other debts) / borrowings.
    DERIVATIVES = "derivatives"  # 18f-4(a): gross notional, plus the amounts, over the base.
    EQUITY = "equity"  # Net assets over the market value of securities: maintenance margin.
    DEPOSIT = "deposit"  # The amounts over what is bought: initial margin.
    GROSS = "gross"  # Securities at market over the base: leverage.


@dataclass(frozen=True, slots=True)
class _Ratio:
    numerator: Decimal
    denominator: Decimal  # Positive.

    def above(self, other: "_Ratio") -> bool:
        return self.numerator * other.denominator > other.numerator * self.denominator


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The measure after the trades <= maximum, or >= minimum."""

    quantity: Quantity
    amounts: tuple[AmountFrom, ...] = ()
    base_amounts: tuple[AmountFrom, ...] = ()
    fact: str = ""  # Average and largest: of which fact about securities.
    where: tuple[Condition, ...] = ()  # Which securities count ...
    exclude: tuple[Condition, ...] = ()  # ... and which do not.
    minimum: Decimal | None = None
    minimum_from: LimitFrom | None = None
    maximum: Decimal | None = None
    maximum_from: LimitFrom | None = None
    limits: tuple[ClassLimit, ...] = ()  # Of accounts that the conditions describe.

    def problem(self) -> tuple[str, str] | None:
        given = (self.minimum, self.minimum_from, self.maximum, self.maximum_from)
        if sum(limit is not None for limit in given) != 1:
            return "maximum", "give one of minimum, minimum_from, maximum and maximum_from"
        if self.quantity in (Quantity.AVERAGE, Quantity.LARGEST) and self.fact not in NUMBERS:
            return "fact", f"one of {', '.join(NUMBERS)}"
        asks_amounts = self.quantity in (Quantity.AMOUNTS, Quantity.FIGURE, Quantity.DEPOSIT)
        if asks_amounts and not self.amounts:
            return "amounts", "facts about the account"
        if any(limit is not None and limit < 0 for limit in (self.minimum, self.maximum)):
            return "minimum" if self.maximum is None else "maximum", "a number of 0 or more"
        return None

    @property
    def is_ceiling(self) -> bool:
        """Whether the limit is an upper one."""
        return self.maximum is not None or self.maximum_from is not None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        after = self._ratio(question.rule, question.book, question.account_id)
        before = self._ratio(question.rule, question.book.with_trades(()), question.account_id)
        if after is None:
            return None
        limit = self._limit(question)
        over, worse = self._compared(after, before, limit)
        breach = over and question.blames(worse)
        allowed = limit * after.denominator
        room = allowed - after.numerator if self.is_ceiling else after.numerator - allowed
        words = (
            f"{self._words()} would be {shares(fraction_of(after.numerator, after.denominator))}"
        )
        words += f"; {'at most' if self.is_ceiling else 'at least'} {shares(limit)} is allowed"
        if over and not breach:
            words += "; these trades do not make it worse"
        elif over:
            words += f": {shares(abs(room))} too {'much' if self.is_ceiling else 'little'}"
        return Answer(
            verdict=Verdict.BREACH if breach else Verdict.PASS,
            sentence=words,
            value=fraction_of(after.numerator, after.denominator),
            limit=limit,
            numerator=after.numerator,
            base=after.denominator,
            headroom=room,
        )

    def _compared(
        self, after: _Ratio, before: _Ratio | None, limit: Decimal
    ) -> tuple[bool, Decimal]:
        """Whether it is beyond the limit, and whether the trades made it so: +1, 0 or -1."""
        bound = _Ratio(limit, ONE)
        over = after.above(bound) if self.is_ceiling else bound.above(after)
        if before is None:
            return over, ONE
        rose, fell = after.above(before), before.above(after)
        direction = Decimal(int(rose) - int(fell))
        return over, direction if self.is_ceiling else -direction

    def _limit(self, question: AccountQuestion) -> Decimal:
        source = self.minimum_from or self.maximum_from
        if source is not None:
            limit = source.read(question.book, question.account_id)
        elif self.minimum is not None:
            limit = self.minimum
        else:
            limit = limit_of(self, [question.subject], question.account_id)
        assert limit is not None
        return limit

    def _ratio(self, rule: Rule, book: Book, account_id: str) -> _Ratio | None:
        """The measure; None where there is nothing to measure."""
        if self.quantity in (Quantity.AVERAGE, Quantity.LARGEST):
            return self._of_securities(book, account_id)
        ratios: Mapping[Quantity, Callable[[Book, str], _Ratio | None]] = {
            Quantity.DEPOSIT: self._deposit,
            Quantity.EQUITY: _equity,
            Quantity.ASSET_COVERAGE: _asset_coverage,
        }
        if self.quantity in ratios:
            return ratios[self.quantity](book, account_id)
        amount = total(self.amounts, book, account_id)
        if self.quantity is Quantity.FIGURE:
            return _Ratio(amount, ONE)
        if self.quantity is Quantity.DERIVATIVES:
            amount += self._notional(rule, book, account_id)
        if self.quantity is Quantity.GROSS:
            amount += book.value_after(account_id)
        if self.base_amounts:
            return _ratio(amount, total(self.base_amounts, book, account_id))
        return _ratio(amount, base_of(rule.base, book, account_id))

    def _deposit(self, book: Book, account_id: str) -> _Ratio | None:
        return _ratio(total(self.amounts, book, account_id), _bought(book, account_id))

    def _of_securities(self, book: Book, account_id: str) -> _Ratio | None:
        largest = weighted = value = ZERO
        for security_id, quantity in self._held(book, account_id):
            number = book.number(About.SECURITY, security_id, self.fact)
            worth = quantity * book.price(security_id)
            largest = max(largest, number)
            weighted += number * worth
            value += worth
        if not value:
            return None
        return (
            _Ratio(largest, ONE) if self.quantity is Quantity.LARGEST else _Ratio(weighted, value)
        )

    def _notional(self, rule: Rule, book: Book, account_id: str) -> Decimal:
        amount = ZERO
        for security_id, quantity in self._held(book, account_id):
            underlying = book.text(About.SECURITY, security_id, "underlying")
            if underlying:
                units = abs(quantity) * book.number(About.SECURITY, security_id, "multiplier")
                if LookThrough.DELTA in rule.look_through:
                    units *= abs(book.number(About.SECURITY, security_id, "delta"))
                amount += units * book.price(underlying)
        return amount

    def _held(self, book: Book, account_id: str) -> list[tuple[str, Decimal]]:
        """What is held after the trades and counts."""
        held, traded = book.held(account_id), book.traded(account_id)
        found = []
        for security_id in sorted(held.keys() | traded.keys()):
            quantity = held.get(security_id, ZERO) + traded.get(security_id, ZERO)
            subject = Subject(book, account_id, security_id)
            if quantity and all_hold(self.where, subject) and not any_holds(self.exclude, subject):
                found.append((security_id, quantity))
        return found

    def _words(self) -> str:
        if self.fact:
            return f"the {self.quantity} {self.fact.replace('_', ' ')}"
        named = " and ".join(str(amount) for amount in self.amounts)
        if self.quantity in (Quantity.AMOUNTS, Quantity.FIGURE):
            return named
        words = self.quantity.replace("_", " ")
        return f"{words} with {named}" if named else words


NUMBERS = ("maturity_days", "life_days", "duration", "days_to_cash")


def _ratio(numerator: Decimal, denominator: Decimal) -> _Ratio | None:
    return _Ratio(numerator, denominator) if denominator > 0 else None


def _equity(book: Book, account_id: str) -> _Ratio | None:
    net = base_of(Base.NET_ASSETS, book, account_id)
    return _ratio(net, book.value_after(account_id))


def _asset_coverage(book: Book, account_id: str) -> _Ratio | None:
    assets = base_of(Base.TOTAL_ASSETS, book, account_id)
    assets -= book.number(About.ACCOUNT, account_id, "other_liabilities")
    return _ratio(assets, book.number(About.ACCOUNT, account_id, "borrowings"))


def _bought(book: Book, account_id: str) -> Decimal:
    trades = [t for t in book.trades_of(account_id) if t.side is Side.BUY]
    return sum((t.quantity * book.price(t.security_id) for t in trades), ZERO)
