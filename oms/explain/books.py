"""What an account's books say besides a run: what it came with, and what was booked since.

An account that no run has had is explained by its books alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from domain.accounts import Account
from domain.codec import to_plain
from domain.exact import ZERO
from domain.lots import TaxLot
from domain.postings import Transaction, TransactionKind
from ledger import positions
from oms.explain.answer import Explanation, Section
from oms.explain.lineage import Origin, unique
from oms.explain.posted import posted_words
from oms.wording import counted, dollars, shares

MOST = 40  # Postings that are told one by one; `facts` has every one.

Signatures = Mapping[str, tuple[str, str]]  # By transaction: who proposed it, and who agreed.


def besides(
    transactions: Iterable[Transaction],
    account_id: str,
    symbols: Mapping[str, str],
    signed: Signatures,
) -> Iterator[str]:
    """A sentence for each posting, by trade date; those of a day as they were booked.

    Not by their instants: each command of a rehearsal may begin its clock anew.
    """
    ordered = sorted(transactions, key=lambda one: one.trade_date)
    if (earlier := len(ordered) - MOST) > 0:
        yield f"{counted(earlier, 'earlier posting')}: `--json` has them"
    for one in ordered[-MOST:]:
        yield f"{posted_words(one, account_id, symbols)}{_why(one, signed)}"


def explain_books(
    account_id: str,
    *,
    account: Account | None,
    transactions: Sequence[Transaction],
    lots: Sequence[TaxLot],
    symbols: Mapping[str, str],
    signed: Signatures,
) -> Explanation:
    """An account that no run has had. `account` is the registry's word, `lots` are open."""
    origins = unique(_origins(account, transactions, lots))
    return Explanation(
        subject=account_id,
        title=f"{_title(account_id, account)}: no run has had it yet",
        sections=(
            Section("What was booked", tuple(besides(transactions, account_id, symbols, signed))),
            Section("What it holds", tuple(_held(account_id, transactions, lots, symbols))),
            Section("Which data it came from", tuple(origin.words() for origin in origins)),
        ),
        facts={
            "account": to_plain(account),
            "transactions": to_plain(transactions),
            "lots": to_plain(lots),
            "lineage": to_plain(origins),
        },
        gaps=() if account is not None else (f"accounts.csv does not have {account_id}",),
    )


def account_words(account: Account) -> str:
    """Who it is."""
    return (
        f"Account {account.account_id} ({account.name}, {account.tax_status}, household "
        f"{account.household_id}, at {account.custodian})"
    )


def _title(account_id: str, account: Account | None) -> str:
    return f"Account {account_id}" if account is None else account_words(account)


def _why(transaction: Transaction, signed: Signatures) -> str:
    """What the figures do not say: the custodian's kind of cash, a person's reason, a ratio."""
    if transaction.kind is TransactionKind.ADJUSTMENT:
        first, second = signed.get(transaction.transaction_id, ("", ""))
        return f": {transaction.memo} ({first}, seconded by {second})"
    if transaction.kind is TransactionKind.CASH_FLOW and transaction.source is not None:
        return f": {transaction.memo} ({transaction.source})"
    if transaction.kind is TransactionKind.SPLIT:
        return f": {transaction.memo}"
    return ""


def _held(
    account_id: str,
    transactions: Sequence[Transaction],
    lots: Sequence[TaxLot],
    symbols: Mapping[str, str],
) -> Iterator[str]:
    by_security: defaultdict[str, list[TaxLot]] = defaultdict(list)
    for lot in lots:
        by_security[symbols.get(lot.security_id, lot.security_id)].append(lot)
    for symbol, own in sorted(by_security.items()):
        quantity = sum((lot.quantity for lot in own), ZERO)
        basis = sum((lot.basis for lot in own), ZERO)
        counted_lots = counted(len(own), "lot")
        yield f"{shares(quantity)} {symbol} in {counted_lots}, which cost {dollars(basis)}"
    cash = positions.cash(positions.balances(transactions)).get(account_id, ZERO)
    yield f"{dollars(cash)} cash"


def _origins(
    account: Account | None, transactions: Sequence[Transaction], lots: Sequence[TaxLot]
) -> Iterator[Origin]:
    if account is not None:
        yield Origin(what=f"account {account.account_id}", source=account.source)
    for one in transactions:
        if one.source is not None:
            yield Origin(what=one.transaction_id, source=one.source)
    for lot in lots:
        yield Origin(what=f"lot {lot.lot_id}", source=lot.source)
