"""Evidence: whether the paper is there before the order.

A paper is an instant at which somebody wrote something; a blanket word of last year
is no paper for a rule that asks for this trade's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.fact_words import ORDER, Kind
from domain.facts import About
from oms.compliance.book import Book, MissingDataError
from oms.compliance.conditions import Condition, Subject, all_hold
from oms.compliance.nearest import nearest
from oms.compliance.rules import Answer, OrderQuestion
from oms.wording import instant, shares

TWO = Decimal(2)


class PriceSource(StrEnum):
    """Against what the agreed price is held."""

    INDEPENDENT_MARKET = "independent_market"  # 17 CFR 270.17a-7(b): last sale, else the mid.
    FAIR = "fair"  # Adequate consideration, as determined: ERISA 408(b)(17).


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where the gate is open, every paper is there in time and everything needed holds."""

    gate: tuple[Condition, ...]  # When the question arises.
    papers: tuple[str, ...] = ()  # Instants of the order that must be there ...
    before: str = ""  # ... before this one.
    given: tuple[str, ...] = ()  # Facts of the order that must be there, whatever they say.
    needs: tuple[Condition, ...] = ()
    price: PriceSource | None = None
    tolerance: Decimal = ZERO  # Dollars a share.
    covers: str = ""  # A number of the order's that must reach its quantity.

    def problem(self) -> tuple[str, str] | None:
        instants = [name for name, word in ORDER.items() if word.kind is Kind.INSTANT]
        numbers = [name for name, word in ORDER.items() if word.kind is Kind.NUMBER]
        if not self.gate:
            return "gate", "conditions that say when the rule is asked"
        for name in (*self.papers, *((self.before,) if self.before else ())):
            if name not in instants:
                return "papers" if name in self.papers else "before", f"one of {instants}"
        for name in self.given:
            if name not in ORDER:
                return "given", f"facts of an order{nearest(name, ORDER)}"
        if self.covers and self.covers not in numbers:
            return "covers", f"one of {', '.join(numbers)}"
        asks = self.papers or self.given or self.needs or self.price or self.covers
        return None if asks else ("needs", "one of papers, given, needs, price and covers")

    def about_order(self, question: OrderQuestion) -> Answer | None:
        book, intent = question.desk.book, question.intent
        account_id = intent.allocations[0].account_id
        subject = Subject(book, account_id, intent.security_id, intent.cl_ord_id)
        if not all_hold(self.gate, subject):
            return None
        missing = tuple(self._missing(book, subject, intent.quantity))
        uncovered = self._uncovered(book, subject, intent.quantity)
        asked = ", ".join((*self.papers, *self.given, *(str(need) for need in self.needs)))
        words = "; ".join(missing) or f"everything is there: {asked or self.covers or self.price}"
        return Answer(
            verdict=Verdict.BREACH if missing else Verdict.PASS,
            sentence=f"{intent.symbol}: {words}",
            security_ids=(intent.security_id,),
            value=uncovered if self.covers else None,
            limit=ZERO if self.covers else None,
            headroom=-uncovered if self.covers else None,
            numerator=uncovered if self.covers else None,
            largest_quantity=intent.quantity - uncovered if self.covers else None,
        )

    def _missing(self, book: Book, subject: Subject, quantity: Decimal) -> Iterator[str]:
        yield from self._papers(book, subject.order_id)
        for name in self.given:
            if not book.text(About.ORDER, subject.order_id, name):
                yield f"{ORDER[name].means} is missing"
        for need in self.needs:
            if not need.holds(subject):
                yield f"{need} does not hold"
        if uncovered := self._uncovered(book, subject, quantity):
            yield f"{shares(uncovered)} of {shares(quantity)} are not {self.covers}"
        if self.price is not None:
            yield from self._price(book, subject.order_id)

    def _papers(self, book: Book, order_id: str) -> Iterator[str]:
        for paper in self.papers:
            at = _instant(book, order_id, paper)
            if at is None:
                yield f"{ORDER[paper].means} is missing"
            elif self.before:
                limit = _instant(book, order_id, self.before)
                if limit is not None and at >= limit:
                    yield f"{ORDER[paper].means} of {instant(at)} came after {instant(limit)}"

    def _uncovered(self, book: Book, subject: Subject, quantity: Decimal) -> Decimal:
        if not self.covers:
            return ZERO
        return max(quantity - book.number(About.ORDER, subject.order_id, self.covers), ZERO)

    def _price(self, book: Book, order_id: str) -> Iterator[str]:
        agreed = book.number(About.ORDER, order_id, "price")
        wanted = _market(book, order_id)
        if self.price is PriceSource.FAIR:
            wanted = book.number(About.ORDER, order_id, "fair_price")
        if abs(agreed - wanted) > self.tolerance:
            yield f"the price {shares(agreed)} is not the market's {shares(wanted)}"


def _market(book: Book, order_id: str) -> Decimal:
    """The independent current market price of 17a-7(b)."""
    if book.text(About.ORDER, order_id, "nms") == "yes":
        try:
            return book.number(About.ORDER, order_id, "last_sale")
        except MissingDataError:
            pass  # Not reported that day: the mid counts, as for any other security.
    bid = book.number(About.ORDER, order_id, "bid")
    return (bid + book.number(About.ORDER, order_id, "offer")) / TWO


def _instant(book: Book, order_id: str, name: str) -> datetime | None:
    text = book.text(About.ORDER, order_id, name)
    return datetime.fromisoformat(text) if text else None
