"""Reconciliation of what is held: our books against custodians', and blocks not wholly given out.

No difference is netted away: each is a break with both numbers and one sentence.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from domain.exact import CENT, ZERO, plain, to_cents
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.ports import CustodyPosition
from domain.postings import Break
from ledger.reconcile import NOTHING

_CLIENT, _BLOCK = "client:", "block:"


def ledger_against_custody(
    balances: Mapping[tuple[str, str], Decimal],
    lots: Sequence[TaxLot],
    positions: Sequence[CustodyPosition],
) -> tuple[Break, ...]:
    """Our shares, lots and cash against what custodians say, for the accounts they speak of."""
    our_lots: defaultdict[str, dict[str, list[TaxLot]]] = defaultdict(dict)
    for lot in lots:
        our_lots[lot.account_id].setdefault(lot.security_id, []).append(lot)
    books = {book for book, _ in balances}
    held: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for (book, asset), quantity in balances.items():
        if asset != CASH and quantity != 0:
            held[book][asset] = quantity
    breaks: list[Break] = []
    for position in sorted(positions, key=lambda p: (p.account_id, p.custodian)):
        book = _CLIENT + position.account_id
        if book not in books:
            breaks.append(_unknown_account(position))
            continue
        breaks += _shares_compared(position, held[book], our_lots[position.account_id])
        breaks += _cash_compared(position, balances.get((book, CASH), ZERO))
    return tuple(breaks)


def blocks_left_over(balances: Mapping[tuple[str, str], Decimal]) -> tuple[Break, ...]:
    """Blocks whose fills were not wholly given to accounts: shares or money left in their book."""
    return tuple(
        Break(
            kind="block_left_over",
            subject=f"{book.removeprefix(_BLOCK)} {asset}",
            ours=plain(left),
            theirs="0",
            message=f"{plain(left)} {asset} of block {book.removeprefix(_BLOCK)} belong to no "
            "account yet",
        )
        for (book, asset), left in sorted(balances.items())
        if book.startswith(_BLOCK) and left != 0
    )


def _unknown_account(position: CustodyPosition) -> Break:
    shares = sum((lot.quantity for lot in position.lots), ZERO)
    return Break(
        kind="account_missing_in_ledger",
        subject=position.account_id,
        ours=NOTHING,
        theirs=f"{plain(shares)} shares, {plain(position.cash.amount)} cash",
        message=f"{position.custodian} holds account {position.account_id}; the ledger does not "
        "know it",
    )


def _shares_compared(
    position: CustodyPosition,
    held: Mapping[str, Decimal],
    our_lots: Mapping[str, Sequence[TaxLot]],
) -> Iterator[Break]:
    account_id = position.account_id
    told: defaultdict[str, list[TaxLot]] = defaultdict(list)
    for lot in position.lots:
        told[lot.security_id].append(lot)
    for security_id in sorted(held.keys() | told.keys() | our_lots.keys()):
        mine = held.get(security_id, ZERO)
        his = sum((lot.quantity for lot in told[security_id]), ZERO)
        lots = our_lots.get(security_id, ())
        in_lots = sum((lot.quantity for lot in lots), ZERO)
        subject = f"{account_id} {security_id}"
        if mine != in_lots:
            yield Break(
                kind="lots_do_not_add_up",
                subject=subject,
                ours=plain(mine),
                theirs=plain(in_lots),
                message=f"{subject}: the ledger holds {plain(mine)} shares, its lots add up to "
                f"{plain(in_lots)}",
            )
        if mine != his:
            where = f" ({told[security_id][0].source})" if told[security_id] else ""
            yield Break(
                kind="position_differs",
                subject=subject,
                ours=plain(mine),
                theirs=plain(his),
                message=f"{subject}: the ledger holds {plain(mine)} shares, "
                f"{position.custodian} says {plain(his)}{where}",
            )
        else:
            yield from _basis_compared(position, subject, lots, told[security_id])


def _basis_compared(
    position: CustodyPosition, subject: str, lots: Sequence[TaxLot], told: Sequence[TaxLot]
) -> Iterator[Break]:
    """Cost to the cent, where the shares agree: a cent of rounding is nobody's error."""
    mine = sum((lot.basis for lot in lots), ZERO)
    his = sum((lot.basis for lot in told), ZERO)
    if abs(mine - his) > CENT:
        yield Break(
            kind="basis_differs",
            subject=subject,
            ours=plain(mine),
            theirs=plain(his),
            message=f"{subject}: our lots cost {plain(mine)}, {position.custodian} says "
            f"{plain(his)}",
        )


def _cash_compared(position: CustodyPosition, ours: Decimal) -> Iterator[Break]:
    theirs = position.cash.amount
    if to_cents(ours) != to_cents(theirs):
        where = f" ({position.cash.source})" if position.cash.source else ""
        yield Break(
            kind="cash_differs",
            subject=position.account_id,
            ours=plain(ours),
            theirs=plain(theirs),
            message=f"{position.account_id}: the ledger has {plain(ours)} cash, "
            f"{position.custodian} says {plain(theirs)}{where}",
        )
