"""Short sales before an offering, 17 CFR 242.105: whoever sold short may not buy in it.

The restricted period is the shorter of five business days before the pricing and the
time since the registration statement was filed; both end with the pricing.
"""

from datetime import date

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from oms.compliance.book import MissingDataError
from oms.compliance.days import business_days_before
from oms.compliance.rules import Answer, OrderQuestion


def short_before_offering(question: OrderQuestion, business_days: int) -> Answer | None:
    """The answer for a purchase in an offering; None for every other order."""
    book, intent = question.desk.book, question.intent
    is_offering = book.text(About.ORDER, intent.cl_ord_id, "offering_purchase") == "yes"
    if intent.side is Side.SELL or not is_offering:
        return None
    priced = _day(question, "offering_priced")
    filed = _day(question, "offering_filed")
    start = max(filed, business_days_before(priced, business_days, book.holidays()))
    members = {
        member
        for part in intent.allocations
        for member in book.members(part.account_id, question.rule.aggregate)
    }
    shorts = sorted(
        (date.fromisoformat(text), member)
        for member in members
        if (text := book.text(About.ACCOUNT, member, "short_sale", intent.security_id))
    )
    within = [(day, member) for day, member in shorts if start <= day <= priced]
    period = f"the restricted period of {intent.symbol} runs from {start} to {priced}"
    words = f"{period}; nobody who decides together sold it short in it"
    if within:
        day, member = within[-1]
        words = f"{period}; {member} sold it short on {day}"
    return Answer(
        verdict=Verdict.BREACH if within else Verdict.PASS,
        sentence=words,
        security_ids=(intent.security_id,),
        largest_quantity=ZERO if within else intent.quantity,
    )


def _day(question: OrderQuestion, name: str) -> date:
    book, intent = question.desk.book, question.intent
    text = book.text(About.SECURITY, intent.security_id, name)
    if not text:
        raise MissingDataError(f"nobody gave {name} of {intent.symbol}")
    return date.fromisoformat(text)
