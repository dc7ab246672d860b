"""What a ledger transaction does to the open lots: the fold behind the projection."""

from collections.abc import Mapping

from domain.errors import InvariantError
from domain.lots import TaxLot
from domain.postings import Relief, Transaction
from domain.values import with_changes


def fold_lots(before: Mapping[str, TaxLot], transaction: Transaction) -> dict[str, TaxLot]:
    """The open lots by id after `transaction`.

    Raises `InvariantError` when it takes more shares or basis than a lot has, takes from a lot
    that is not open, or leaves basis behind on an empty lot.
    """
    after = dict(before)
    fold_into(after, transaction)
    return after


def fold_into(after: dict[str, TaxLot], transaction: Transaction) -> None:
    """`fold_lots` in place: a whole ledger is folded without a copy a transaction."""
    for opened in transaction.opened:
        standing = after.get(opened.lot_id)
        after[opened.lot_id] = opened if standing is None else _grown(standing, opened)
    for taken in transaction.relieved:
        shrunk = _shrunk(after.pop(taken.lot_id, None), taken, transaction.transaction_id)
        if shrunk is not None:
            after[taken.lot_id] = shrunk


def _grown(standing: TaxLot, more: TaxLot) -> TaxLot:
    owner = (standing.account_id, standing.security_id)
    if owner != (more.account_id, more.security_id):
        raise InvariantError(f"lot {more.lot_id} is of {owner}, not of {more.account_id}")
    return with_changes(
        standing, quantity=standing.quantity + more.quantity, basis=standing.basis + more.basis
    )


def _shrunk(standing: TaxLot | None, taken: Relief, transaction_id: str) -> TaxLot | None:
    if standing is None:
        raise InvariantError(f"{transaction_id} relieves lot {taken.lot_id}, which is not open")
    quantity = standing.quantity - taken.quantity
    basis = standing.basis - taken.basis
    if quantity < 0 or basis < 0 or (quantity == 0 and basis != 0):
        raise InvariantError(
            f"{transaction_id} relieves {taken.quantity} shares and {taken.basis} dollars of basis"
            f" of lot {taken.lot_id}, which has {standing.quantity} and {standing.basis}"
        )
    return with_changes(standing, quantity=quantity, basis=basis) if quantity else None
