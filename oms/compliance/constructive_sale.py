"""Constructive sales, 26 USC 1259: a gain that is locked in by its opposite counts as taken.

The opposite is a short sale of the same name, or a derivative on it whose delta is
negative. It is forgiven when closed by the 30th day after the year's end and the
position then stays open, unhedged, for 60 days.
"""

from datetime import date, timedelta
from decimal import Decimal

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from oms.compliance.book import Book
from oms.compliance.rules import AccountQuestion, Answer
from oms.wording import dollars, shares

CLOSE_AFTER_YEAR_END = timedelta(days=30)
UNHEDGED_AFTER_CLOSE = timedelta(days=59)  # 60 days, the first included.


def constructive_sales(question: AccountQuestion) -> Answer | None:
    """The appreciated names of one account that something offsets; None when it holds nothing."""
    book, account_id = question.book, question.account_id
    held = book.held(account_id)
    if not held:
        return None
    close_by = date(book.trade_date.year, 12, 31) + CLOSE_AFTER_YEAR_END
    found: list[tuple[str, str]] = []
    matched = ZERO
    for security_id in sorted(held):
        offset = min(_offset(book, account_id, security_id), held[security_id])
        gain = _gain(book, account_id, security_id)
        if offset > 0 and gain > 0:
            matched += offset
            words = (
                f"{shares(offset)} {book.symbol(security_id)} with {dollars(gain)} of gain are "
                f"offset; close by {close_by} and stay unhedged through "
                f"{close_by + UNHEDGED_AFTER_CLOSE}"
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


def _gain(book: Book, account_id: str, security_id: str) -> Decimal:
    price = book.price(security_id)
    lots = [lot for lot in book.lots(account_id) if lot.security_id == security_id]
    return sum((lot.quantity * price - lot.basis for lot in lots), ZERO)


def _offset(book: Book, account_id: str, security_id: str) -> Decimal:
    """Shares of the name that are sold short, or short through derivatives after the trades."""
    short = book.number(About.ACCOUNT, account_id, "short", security_id)
    held, traded = book.held(account_id), book.traded(account_id)
    for other in held.keys() | traded.keys():
        if book.text(About.SECURITY, other, "underlying") == security_id:
            delta = book.number(About.SECURITY, other, "delta")
            units = held.get(other, ZERO) + traded.get(other, ZERO)
            units *= book.number(About.SECURITY, other, "multiplier")
            short += max(-delta * units, ZERO)
    return short
