"""Groups: what makes holdings one, by the security master and its hierarchy."""

from decimal import Decimal
from enum import StrEnum

from domain.exact import ZERO
from domain.fact_words import FUNDS, VOTING
from domain.facts import About
from oms.compliance.book import Book, MissingDataError

CONTROL_OF_A_RIC = Decimal("0.20")  # 26 USC 851(c)(3).


class GroupBy(StrEnum):
    """What makes holdings one group."""

    SECURITY = "security"
    ISSUER = "issuer"
    ISSUER_GROUP = "issuer_group"  # Consolidated: the topmost parent.
    SECTOR = "sector"
    INDUSTRY = "industry"
    COUNTRY = "country"
    KIND = "kind"
    RATING = "rating"
    FUND = "fund"  # Each fund on its own; what is no fund is in no group.
    GUARANTOR = "guarantor"
    COUNTERPARTY = "counterparty"
    CONTROLLED_BUSINESS = "controlled_business"  # Issuers controlled at 20 % of votes, by business.
    ALL = "all"  # Everything that counts, together.


def group_of(by: GroupBy, book: Book, account_id: str, security_id: str) -> str | None:
    """The group's name; None when it is in none. Raises `MissingDataError`."""
    security = book.security(security_id)
    if by is GroupBy.ISSUER_GROUP:
        return topmost(book, security.issuer)
    if by in (GroupBy.GUARANTOR, GroupBy.COUNTERPARTY, GroupBy.KIND, GroupBy.RATING):
        return book.text(About.SECURITY, security_id, by.value) or None
    if by is GroupBy.FUND:
        is_fund = book.text(About.SECURITY, security_id, "kind") in FUNDS
        return security.symbol if is_fund else None
    if by is GroupBy.CONTROLLED_BUSINESS:
        return _controlled_business(book, account_id, security.issuer)
    return {
        GroupBy.SECURITY: security.symbol,
        GroupBy.ISSUER: security.issuer,
        GroupBy.SECTOR: security.sector,
        GroupBy.INDUSTRY: security.industry,
        GroupBy.COUNTRY: security.country,
        GroupBy.ALL: "all together",
    }[by]


def topmost(book: Book, issuer: str) -> str:
    """The parent of parents; the issuer itself when it has none."""
    seen = [issuer]
    while parent := book.text(About.ISSUER, seen[-1], "parent"):
        if parent in seen:
            raise MissingDataError(f"{issuer} is its own parent: {' > '.join((*seen, parent))}")
        seen.append(parent)
    return seen[-1]


def votes_of(book: Book, security_id: str) -> Decimal:
    """Votes of one unit of a security."""
    given = book.text(About.SECURITY, security_id, "votes")
    if given:
        return Decimal(given)
    kind = book.text(About.SECURITY, security_id, "kind")
    return Decimal(1) if kind in VOTING else ZERO


def votes_outstanding(book: Book, issuer: str) -> Decimal:
    """Votes of an issuer over all its classes. Raises `MissingDataError`."""
    given = book.text(About.ISSUER, issuer, "votes_outstanding")
    if given:
        return Decimal(given)
    total = book.number(About.ISSUER, issuer, "voting_units_outside")
    for security_id in book.classes_of(issuer):
        if votes := votes_of(book, security_id):
            total += votes * book.number(About.SECURITY, security_id, "outstanding")
    return total


def votes_held(book: Book, account_id: str, issuer: str) -> tuple[Decimal, Decimal]:
    """Votes of an issuer that an account holds before and after the trades."""
    held, traded = book.held(account_id), book.traded(account_id)
    before = after = ZERO
    for security_id in book.classes_of(issuer):
        votes = votes_of(book, security_id)
        before += votes * held.get(security_id, ZERO)
        after += votes * (held.get(security_id, ZERO) + traded.get(security_id, ZERO))
    return before, after


def _controlled_business(book: Book, account_id: str, issuer: str) -> str | None:
    _, votes = votes_held(book, account_id, issuer)
    if not votes or votes < CONTROL_OF_A_RIC * votes_outstanding(book, issuer):
        return None
    return book.text(About.ISSUER, issuer, "business")
