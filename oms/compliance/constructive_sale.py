"""Constructive sales, 26 USC 1259: a gain that is locked in by its opposite counts as taken.

The opposite is a short sale of the same name, or a derivative on it whose delta is
negative. It is forgiven when closed by the 30th day after the year's end and the
position then stays open, unhedged, for 60 days.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from domain.accounts import TaxStatus
from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from oms.compliance.book import Aggregate, Book
from oms.compliance.rules import AccountQuestion, Answer
from oms.wording import dollars, shares

CLOSE_AFTER_YEAR_END = timedelta(days=30)
UNHEDGED_AFTER_CLOSE = timedelta(days=59)  # 60 days, the first included.


def constructive_sales(question: AccountQuestion) -> Answer | None:
    """The appreciated names that an account holds or offsets; None when it does neither.

    What it holds may be offset in any taxable account of the rule's aggregate: a household
    is one taxpayer, spouses together.
    """
    book, account_id = question.book, question.account_id
    names = {*book.held(account_id), *_offset_by(book, account_id)}
    if not names:
        return None
    members = _taxpayer(book, account_id, question.rule.aggregate)
    close_by = date(book.trade_date.year, 12, 31) + CLOSE_AFTER_YEAR_END
    found: list[tuple[str, str]] = []
    matched = ZERO
    for security_id in sorted(names):
        offset = _matched(book, members, security_id)
        gain = sum((_gain(book, member, security_id) for member in members), ZERO)
        if offset > 0 and gain > 0:
            matched += offset
            words = (
                f"{shares(offset)} {book.symbol(security_id)} with {dollars(gain)} of gain are "
                f"offset{_where(book, members, security_id)}; close by {close_by} and stay "
                f"unhedged through {close_by + UNHEDGED_AFTER_CLOSE}"
            )
            found.append((security_id, words))
    return Answer(
        verdict=Verdict.BREACH if found else Verdict.PASS,
        sentence="; ".join(words for _, words in found) or "no appreciated position is offset",
        security_ids=tuple(security_id for security_id, _ in found),
        value=matched,
        limit=ZERO,
        numerator=matched,
        headroom=-matched,
        due=close_by if found else None,
    )


def _taxpayer(book: Book, account_id: str, aggregate: Aggregate) -> tuple[str, ...]:
    """The taxable accounts over which gains and their opposites meet."""
    members = book.members(account_id, aggregate)
    return tuple(m for m in members if book.account(m).tax_status is TaxStatus.TAXABLE)


def _matched(book: Book, members: tuple[str, ...], security_id: str) -> Decimal:
    offset = sum((_offset_by(book, member).get(security_id, ZERO) for member in members), ZERO)
    held = sum((book.held(member).get(security_id, ZERO) for member in members), ZERO)
    return min(offset, held)


def _where(book: Book, members: tuple[str, ...], security_id: str) -> str:
    """In whose accounts the two sides are, where they are not the same."""
    holders = [member for member in members if book.held(member).get(security_id, ZERO) > 0]
    others = [member for member in members if _offset_by(book, member).get(security_id, ZERO) > 0]
    return "" if holders == others else f", held in {', '.join(holders)}, by {', '.join(others)}"


def _gain(book: Book, account_id: str, security_id: str) -> Decimal:
    lots = [lot for lot in book.lots(account_id) if lot.security_id == security_id]
    if not lots:
        return ZERO
    price = book.price(security_id)
    return sum((lot.quantity * price - lot.basis for lot in lots), ZERO)


def _offset_by(book: Book, account_id: str) -> dict[str, Decimal]:
    """Shares by name that an account is short, itself or by derivatives after the trades."""
    short = defaultdict(Decimal, book.numbers(About.ACCOUNT, account_id, "short"))
    held, traded = book.held(account_id), book.traded(account_id)
    for other in held.keys() | traded.keys():
        if underlying := book.text(About.SECURITY, other, "underlying"):
            delta = book.number(About.SECURITY, other, "delta")
            units = held.get(other, ZERO) + traded.get(other, ZERO)
            units *= book.number(About.SECURITY, other, "multiplier")
            short[underlying] += max(-delta * units, ZERO)
    return {security_id: quantity for security_id, quantity in short.items() if quantity > 0}
