"""Filing: whether a crossing starts a clock.

The answer to a crossing is a breach in the sense of the register: a dated task with
the numbers. Nothing of it stops a trade.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from oms.compliance.book import Book, MissingDataError
from oms.compliance.conditions import Condition, Subject, all_hold
from oms.compliance.days import (
    CureClock,
    is_business_day,
    last_business_day,
    month_end,
    quarter_end,
)
from oms.compliance.ownership import units
from oms.compliance.rules import Answer, FirmQuestion, Rule, fraction_of
from oms.wording import dollars, percent, shares

FIRM = "firm"


class Metric(StrEnum):
    """What is watched."""

    BENEFICIAL_OWNERSHIP = "beneficial_ownership"  # Of each voting class, over the firm.
    VALUE_13F = "value_13f"  # Of section 13(f) securities under discretion, at month ends.
    GROSS_TRADING = "gross_trading"  # Purchases and sales, not netted, in a day and a month.


class Observe(StrEnum):
    """On which days it is looked at."""

    DAY = "day"
    MONTH_END = "month_end"  # The last business day of the month.
    QUARTER_END = "quarter_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """Above `over` (or at `at_least`) the form is due."""

    metric: Metric
    form: str
    due: CureClock
    observe: Observe = Observe.DAY
    over: Decimal | None = None  # A fraction of the class.
    at_least: Decimal | None = None  # Dollars.
    day_shares: Decimal | None = None  # Gross trading: any one of the four.
    day_dollars: Decimal | None = None
    month_shares: Decimal | None = None
    month_dollars: Decimal | None = None
    only: tuple[Condition, ...] = ()  # Which securities count.
    counts: tuple[Condition, ...] = ()  # Which accounts count.

    def problem(self) -> tuple[str, str] | None:
        gross = (self.day_shares, self.day_dollars, self.month_shares, self.month_dollars)
        needed = {
            Metric.BENEFICIAL_OWNERSHIP: self.over,
            Metric.VALUE_13F: self.at_least,
            Metric.GROSS_TRADING: None if None in gross else gross[0],
        }[self.metric]
        if needed is None:
            return "over", "over for ownership, at_least for value, all four for gross trading"
        if self.over is not None and not 0 < self.over < 1:
            return "over", "a fraction above 0 and below 1"
        if not self.form.strip():
            return "form", "the name of the form"
        return None

    def about_firm(self, question: FirmQuestion) -> Iterator[tuple[str, Answer]]:
        book = question.book
        if not self._is_observed(book):
            return
        if self.metric is Metric.BENEFICIAL_OWNERSHIP:
            yield from self._ownership(question)
        elif self.metric is Metric.VALUE_13F:
            yield FIRM, self._value(book)
        else:
            yield FIRM, self._gross(book)

    def _is_observed(self, book: Book) -> bool:
        day, holidays = book.trade_date, book.holidays()
        if self.observe is Observe.DAY:
            return is_business_day(day, holidays)
        end = month_end(day) if self.observe is Observe.MONTH_END else quarter_end(day)
        return day in (end, last_business_day(end, holidays))

    def _ownership(self, question: FirmQuestion) -> Iterator[tuple[str, Answer]]:
        book = question.book
        held: dict[str, Decimal] = {}
        for account_id in book.accounts():
            if all_hold(self.counts, Subject(book, account_id)):
                for i, (_, after) in units(book, account_id, question.rule.look_through).items():
                    held[i] = held.get(i, ZERO) + after
        for security_id, quantity in sorted(held.items()):
            if quantity and all_hold(self.only, Subject(book, "", security_id)):
                try:
                    yield book.symbol(security_id), self._part(book, security_id, quantity)
                except MissingDataError as error:
                    sentence = f"cannot tell: {error.args[0]}"
                    yield (
                        book.symbol(security_id),
                        Answer(verdict=Verdict.CANNOT_TELL, sentence=sentence),
                    )

    def _part(self, book: Book, security_id: str, quantity: Decimal) -> Answer:
        assert self.over is not None
        quantity += book.number(About.SECURITY, security_id, "held_elsewhere")
        outstanding = book.number(About.SECURITY, security_id, "outstanding")
        words = (
            f"the firm holds {shares(quantity)} of {shares(outstanding)} "
            f"{book.symbol(security_id)}, {percent(fraction_of(quantity, outstanding))}; "
            f"above {percent(self.over)} a {self.form} is due"
        )
        allowed = self.over * outstanding
        return self._answer(
            book,
            words,
            crossed=quantity > allowed,
            numerator=quantity,
            base=outstanding,
            limit=self.over,
            headroom=allowed - quantity,
            security_ids=(security_id,),
        )

    def _value(self, book: Book) -> Answer:
        """The largest month end of the year so far, today's included."""
        assert self.at_least is not None
        now = ZERO
        for account_id in book.accounts():
            for security_id, quantity in book.held(account_id).items():
                if all_hold(self.only, Subject(book, account_id, security_id)):
                    now += quantity * book.price(security_id)
        year = str(book.trade_date.year)
        ends = book.numbers(About.FIRM, "", "value_13f")
        told = [value for day, value in ends.items() if day.startswith(year)]
        most = max([now, *told])
        words = (
            f"section 13(f) securities came to {dollars(most)} at a month end of {year}; "
            f"from {dollars(self.at_least)} on {self.form} is due"
        )
        return self._answer(
            book,
            words,
            crossed=most >= self.at_least,
            numerator=most,
            base=None,
            limit=self.at_least,
            headroom=self.at_least - most,
        )

    def _gross(self, book: Book) -> Answer:
        day = book.trade_date
        meters = (
            ("shares a day", "gross_shares_day", day.isoformat(), self.day_shares),
            ("dollars a day", "gross_dollars_day", day.isoformat(), self.day_dollars),
            ("shares a month", "gross_shares_month", f"{day:%Y-%m}", self.month_shares),
            ("dollars a month", "gross_dollars_month", f"{day:%Y-%m}", self.month_dollars),
        )
        found = []
        for words, name, period, limit in meters:
            assert limit is not None
            found.append((book.number(About.FIRM, "", name, period), limit, words))
        value, limit, words = max(found, key=lambda m: m[0] / m[1])
        return self._answer(
            book,
            f"{shares(value)} {words} traded, purchases and sales added; from {shares(limit)} on "
            f"{self.form} is due",
            crossed=value >= limit,
            numerator=value,
            base=None,
            limit=limit,
            headroom=limit - value,
        )

    def _answer(
        self,
        book: Book,
        words: str,
        *,
        crossed: bool,
        numerator: Decimal,
        base: Decimal | None,
        limit: Decimal,
        headroom: Decimal,
        security_ids: tuple[str, ...] = (),
    ) -> Answer:
        due: date | None = None
        if crossed:
            due = self.due.due(book.trade_date, book.holidays())
            words += f" by {due}"
        return Answer(
            verdict=Verdict.BREACH if crossed else Verdict.PASS,
            sentence=words,
            security_ids=security_ids,
            value=numerator if base is None else fraction_of(numerator, base),
            limit=limit,
            numerator=numerator,
            base=base,
            headroom=headroom,
            due=due,
        )


def periodic_filings(rules: Iterable[Rule]) -> frozenset[str]:
    """Rules whose form is due anew after each period; the others' once for each crossing."""
    return frozenset(
        rule.rule_id
        for rule in rules
        if isinstance(rule.test, Filing) and rule.test.observe is not Observe.DAY
    )
