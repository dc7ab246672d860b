"""An account's story: its newest run, or the one that is asked for, and its books beside it."""

from console.stored_run import StoredRun, load
from console.views import find_run
from domain.errors import UnknownNameError
from domain.ports import Clock, UnitOfWork
from domain.postings import Transaction
from ledger.postings import client_book
from oms.adjustments import signatures
from oms.explain import Explanation, concerns, explain_books

RECENT_RUNS = 1000


def of_account(view: UnitOfWork, account_id: str, run: str | None, clock: Clock) -> Explanation:
    """Why the account is as it is. Raises `UnknownNameError`."""
    if run is not None:
        return _in_run(view, account_id, _stored(view, account_id, run))
    newest = _newest(view, account_id)
    if newest is not None:
        return _in_run(view, account_id, newest)
    return _by_its_books(view, account_id, clock)


def run_of_account(view: UnitOfWork, account_id: str, run: str | None) -> StoredRun:
    """The run that is named, or the newest that has the account. Raises `UnknownNameError`."""
    if run is not None:
        return _stored(view, account_id, run)
    newest = _newest(view, account_id)
    if newest is None:
        raise UnknownNameError(f"no run has had an account {account_id!r} yet; see `trimtab runs`")
    return newest


def _stored(view: UnitOfWork, account_id: str, run: str) -> StoredRun:
    stored = load(view, find_run(view.runs.recent(RECENT_RUNS), run))
    if not _has(stored, account_id):
        raise UnknownNameError(
            f"run {stored.run.run_id.hex} has no account {account_id!r}; see `trimtab trace {run}`"
        )
    return stored


def _newest(view: UnitOfWork, account_id: str) -> StoredRun | None:
    for run in view.runs.recent(RECENT_RUNS):
        if run.snapshot_id is None or (run.account_ids and account_id not in run.account_ids):
            continue
        stored = load(view, run)
        if _has(stored, account_id):
            return stored
    return None


def _has(stored: StoredRun, account_id: str) -> bool:
    if stored.run.account_ids:
        return account_id in stored.run.account_ids
    if stored.snapshot is None:
        return True  # Of every account there is.
    return any(account.account_id == account_id for account in stored.snapshot.accounts)


def _in_run(view: UnitOfWork, account_id: str, stored: StoredRun) -> Explanation:
    told = {one.transaction_id for one in (*stored.transactions, *stored.later)}
    others = [one for one in _posted(view, account_id) if one.transaction_id not in told]
    return stored.of_account(account_id, others, signatures(view, account_id))


def _by_its_books(view: UnitOfWork, account_id: str, clock: Clock) -> Explanation:
    today = clock.now().date()
    known = {one.account_id: one for one in view.snapshots.accounts(today)}
    posted = _posted(view, account_id)
    if not posted and account_id not in known:
        raise UnknownNameError(
            f"{account_id!r} is neither an order nor an account; `trimtab orders` and "
            "`trimtab positions` list them"
        )
    securities = view.snapshots.market(today).securities
    return explain_books(
        account_id,
        account=known.get(account_id),
        transactions=posted,
        lots=view.ledger.lots(account_id) if posted else (),
        symbols={one.security_id: one.symbol for one in securities},
        signed=signatures(view, account_id),
    )


def _posted(view: UnitOfWork, account_id: str) -> list[Transaction]:
    """Everything in the account's book, and the wash sales, which move no share and no dollar."""
    booked = view.ledger.of_book(client_book(account_id))
    return [*booked, *(one for one in view.ledger.wash_sales() if concerns(one, account_id))]
