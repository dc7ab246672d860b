"""Allocation: whether each account got its share of the fills, at the average price.

The statement written before the order is its intent. Another split stands only with a
written reason that a second person approved (SMC Capital, SEC staff, 5 September 1995).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import Allocation as Part
from oms.compliance.book import Book
from oms.compliance.rules import Answer, OrderQuestion
from oms.wording import dollars, shares


class Method(StrEnum):
    """How a partial fill is divided."""

    PRO_RATA = "pro_rata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Given to each account: filled x stated / ordered, but for rounding, at one price."""

    method: Method = Method.PRO_RATA
    rounding: Decimal = Decimal(1)  # Shares: what whole shares may move, as stated in advance.

    def problem(self) -> tuple[str, str] | None:
        return None if self.rounding > 0 else ("rounding", "shares above 0")

    def about_order(self, question: OrderQuestion) -> Answer | None:
        book, intent = question.desk.book, question.intent
        order_id = intent.cl_ord_id
        if "filled" not in {name for name, _ in book.facts_of(About.ORDER, order_id)}:
            return None
        filled = book.number(About.ORDER, order_id, "filled")
        wrong = []
        largest = given_in_all = ZERO
        for part in intent.allocations:
            fair = filled * part.quantity / intent.quantity
            given = book.number(About.ORDER, order_id, "allocated", part.account_id)
            given_in_all += given
            largest = max(largest, abs(given - fair))
            if abs(given - fair) >= self.rounding:
                wrong.append(f"{part.account_id} got {shares(given)} instead of {fair:,.2f}")
            wrong += _price(book, order_id, part, given)
        if given_in_all != filled:
            wrong.append(f"{shares(given_in_all)} of {shares(filled)} filled were given out")
        approved = wrong and _is_approved(book, order_id)
        words = "; ".join(wrong) or f"{shares(filled)} filled were given out as stated, pro rata"
        if approved:
            words += f"; approved by {book.text(About.ORDER, order_id, 'deviation_approved_by')}"
        return Answer(
            verdict=Verdict.BREACH if wrong and not approved else Verdict.PASS,
            sentence=f"{intent.symbol}: {words}",
            security_ids=(intent.security_id,),
            value=largest,
            limit=self.rounding,
            numerator=largest,
            headroom=self.rounding - largest,
        )


def _price(book: Book, order_id: str, part: Part, given: Decimal) -> list[str]:
    if not given or part.account_id not in book.named(About.ORDER, order_id, "allocated_price"):
        return []
    average = book.number(About.ORDER, order_id, "average_price")
    paid = book.number(About.ORDER, order_id, "allocated_price", part.account_id)
    if paid == average:
        return []
    return [f"{part.account_id} paid {dollars(paid)} and not the average {dollars(average)}"]


def _is_approved(book: Book, order_id: str) -> bool:
    """A reason in writing, and who agreed to it."""
    reason = book.text(About.ORDER, order_id, "deviation_reason")
    return bool(reason and book.text(About.ORDER, order_id, "deviation_approved_by"))
