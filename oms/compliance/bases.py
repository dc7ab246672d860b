"""Bases: what stands below the fraction line, from the snapshot's own prices.

Values are those immediately after the trades. Trading at the snapshot's prices
changes total assets only where it borrows: an overdraft is no asset.
"""

from decimal import Decimal
from enum import StrEnum

from domain.exact import ZERO
from domain.facts import About
from oms.compliance.book import Book


class Base(StrEnum):
    """What stands below the fraction line."""

    NET_ASSETS = "net_assets"  # Total assets, less overdrafts and all liabilities.
    TOTAL_ASSETS = "total_assets"  # Securities at market, cash that is there, receivables.
    NET_PLUS_BORROWINGS = "net_assets_plus_borrowings"  # 17 CFR 270.35d-1.
    PLAN_ASSETS = "plan_assets"  # Total assets and employer real property, ERISA 407.


def base_of(base: Base, book: Book, account_id: str) -> Decimal:
    """The base in dollars; raises `MissingDataError` when a price or the cash is missing."""
    cash = book.cash(account_id)
    if base in (Base.TOTAL_ASSETS, Base.PLAN_ASSETS):
        assets = book.value_after(account_id) + max(cash - book.spent(account_id), ZERO)
        assets += book.number(About.ACCOUNT, account_id, "receivables")
        if base is Base.PLAN_ASSETS:
            assets += book.number(About.ACCOUNT, account_id, "employer_property")
        return assets
    net = book.securities_value(account_id) + cash
    if book.knows_of(About.ACCOUNT, account_id):
        net += book.number(About.ACCOUNT, account_id, "receivables")
        net -= book.number(About.ACCOUNT, account_id, "other_liabilities")
        if base is not Base.NET_PLUS_BORROWINGS:
            net -= book.number(About.ACCOUNT, account_id, "borrowings")
    return net


BASE_WORDS = {
    Base.NET_ASSETS: "the account",
    Base.TOTAL_ASSETS: "total assets",
    Base.NET_PLUS_BORROWINGS: "net assets plus borrowings",
    Base.PLAN_ASSETS: "plan assets",
}
