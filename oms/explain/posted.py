"""Postings in words: what one transaction did to one account."""

from collections.abc import Mapping

from domain.exact import ZERO
from domain.instruments import CASH
from domain.postings import Leg, Transaction, TransactionKind
from ledger.postings import client_book
from oms.wording import dollars

_TOLD = (TransactionKind.OPENING, TransactionKind.WASH_SALE)  # The memo says all of it.
_GAINS = (TransactionKind.ALLOCATION, TransactionKind.ADJUSTMENT)


def concerns(transaction: Transaction, account_id: str) -> bool:
    """Whether it touched the account's shares, cash, lots or losses."""
    own = {lot.account_id for lot in transaction.opened}
    own |= {loss.account_id for loss in transaction.disallowed}
    own |= {one.now.account_id for one in transaction.restated}
    return account_id in own or bool(legs_of(transaction, account_id))


def legs_of(transaction: Transaction, account_id: str) -> list[Leg]:
    """Those of the account's own book."""
    return [leg for leg in transaction.legs if leg.book == client_book(account_id)]


def posted_words(transaction: Transaction, account_id: str, symbols: Mapping[str, str]) -> str:
    """One sentence: its name, its day, what came and what went."""
    front = f"{transaction.transaction_id} on {transaction.trade_date}: "
    if transaction.kind in _TOLD:
        return f"{front}{transaction.memo}"
    legs = ", ".join(_leg_words(leg, symbols) for leg in legs_of(transaction, account_id))
    gain = sum((r.gain for r in transaction.relieved if r.account_id == account_id), ZERO)
    realised = f"; realised {dollars(gain)}" if transaction.kind in _GAINS and gain != 0 else ""
    return f"{front}{legs}{realised}"


def _leg_words(leg: Leg, symbols: Mapping[str, str]) -> str:
    if leg.asset == CASH:
        return f"{dollars(leg.quantity)} cash"
    return f"{leg.quantity:+,f} {symbols.get(leg.asset, leg.asset)}"
