"""Bases: what stands below the fraction line, from the snapshot's own prices.

Trading at those prices does not change the base, so before and after share it.
"""

from decimal import Decimal

from domain.exact import ZERO
from oms.compliance.book import Book
from oms.compliance.rules import Base


def base_of(base: Base, book: Book, account_id: str) -> Decimal:
    """The base in dollars; raises `MissingDataError` when a price or the cash is missing."""
    cash = book.cash(account_id)
    if base is Base.TOTAL_ASSETS:
        cash = max(cash, ZERO)
    return book.securities_value(account_id) + cash
