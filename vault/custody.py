"""Custody: what custodians told us, as the ledger's openings and cash flows need it.

An account at fault (see `vault.quality`) is not reported here at all: nothing
is taken over from figures that contradict themselves.
"""

from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, select

from domain.custody import CustodyHistory
from domain.instruments import CASH
from domain.ports import CustodyPosition
from domain.postings import Leg, Transaction, TransactionKind
from vault.book_files import current_files
from vault.book_read import (
    read_custody,
    read_custody_book,
    read_ledger,
    read_securities,
    read_transactions,
)
from vault.lot_histories import custody_history
from vault.quality import custody_faults
from vault.reported import ReportedTransaction
from vault.schema import ledger_transaction

CASH_KINDS = frozenset({"deposit", "withdrawal", "dividend", "interest", "fee"})


class SqlCustody:
    """`CustodyStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, as_of: date) -> tuple[CustodyPosition, ...]:
        """Lots and cash of every registered account without fault, by custodian and account."""
        book = read_custody_book(self._connection, as_of)
        faulty = {finding.account_id for finding in custody_faults(book)}
        return tuple(
            position
            for day in book.days
            for position in day.custody_positions(
                account_id
                for account_id, account in book.accounts.items()
                if account.custodian == day.custodian and account_id not in faulty
            )
        )

    def history(self, position: CustodyPosition, as_of: date) -> CustodyHistory:
        """What the files of a day say of an account's lots, and of what it bought."""
        files = current_files(self._connection, as_of)
        securities = read_securities(self._connection, files)
        told = read_transactions(self._connection, files, securities)
        return custody_history(self._connection, position, told)

    def flows_to_post(self, as_of: date) -> tuple[Transaction, ...]:
        """Cash that moved after an account was taken over and is not in the ledger, by day."""
        files = current_files(self._connection, as_of)
        securities = read_securities(self._connection, files)
        custody = read_custody(self._connection, files, securities, as_of)
        opened = read_ledger(self._connection, custody).opened
        posted = set(
            self._connection.execute(
                select(ledger_transaction.c.transaction_id).where(
                    ledger_transaction.c.kind == TransactionKind.CASH_FLOW.value
                )
            ).scalars()
        )
        flows = [
            cash_flow(told)
            for told in read_transactions(self._connection, files, securities)
            if told.kind in CASH_KINDS
            and told.account_id in opened
            and opened[told.account_id] < told.day <= as_of
            and custody.accounts[told.account_id].custodian == told.custodian
        ]
        unposted = [flow for flow in flows if flow.transaction_id not in posted]
        return tuple(sorted(unposted, key=lambda flow: (flow.trade_date, flow.transaction_id)))


def cash_flow(told: ReportedTransaction) -> Transaction:
    """A custodian's line as a balanced transaction; the same line has the same id."""
    custodian, client = f"custody:{told.custodian}", f"client:{told.account_id}"
    return Transaction(
        transaction_id=f"flow:{told.code}:{told.account_id}:{told.reference}",
        kind=TransactionKind.CASH_FLOW,
        trade_date=told.day,
        at=datetime.combine(told.day, time(), UTC),
        legs=(
            Leg(book=custodian, asset=CASH, quantity=-told.amount),
            Leg(book=client, asset=CASH, quantity=told.amount),
        ),
        source=told.source,
        memo=f"{told.kind} told by {told.custodian}",
    )
