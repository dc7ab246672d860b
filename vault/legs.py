"""Legs at rest: rows by which transactions are found by their books.

A transaction's text has all of its legs. A row beside it has only a leg that nothing else leads
to: an order's own block is found by the order, and what the street and commissions are owed is
asked for by nobody but people, who can wait until every transaction was looked at.
"""

from sqlalchemy import ColumnElement, select, true, union

from domain.postings import Leg, Transaction
from vault.schema import ledger_leg, ledger_transaction

CLIENT = "client:"
_BLOCK = "block:"
_UNLISTED = ("street:", "commission:")


def leg_rows(transaction: Transaction) -> list[dict[str, object]]:
    """The rows of `ledger_leg` that a transaction gets."""
    order = transaction.cl_ord_id
    block = None if order is None else _BLOCK + order
    return [
        {
            "transaction_id": transaction.transaction_id,
            "position": position,
            "book": leg.book,
            "asset": leg.asset,
            "quantity": leg.quantity,
        }
        for position, leg in enumerate(transaction.legs)
        if block is None or not (leg.book == block or leg.book.startswith(_UNLISTED))
    ]


def may_move(book: str, asset: str | None) -> ColumnElement[bool]:
    """Which transactions may have moved something, or `asset`, into a book or out of it."""
    if book.startswith(_UNLISTED):
        return true()
    leg, transaction = ledger_leg.c, ledger_transaction.c
    listed = select(leg.transaction_id).where(leg.book == book)
    if asset is not None:
        listed = listed.where(leg.asset == asset)
    if not book.startswith(_BLOCK):
        return transaction.transaction_id.in_(listed)
    order = book.removeprefix(_BLOCK)
    of_order = select(transaction.transaction_id).where(transaction.cl_ord_id == order)
    return transaction.transaction_id.in_(union(listed, of_order))


def moves(leg: Leg, book: str, asset: str | None) -> bool:
    """Whether a leg moves something, or `asset`, into a book or out of it."""
    return leg.book == book and asset in {None, leg.asset}
