"""Lineage: from a decision back to the file and line of everything it used."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from domain.accounts import CashFlow
from domain.exact import plain
from domain.snapshot import CashBalance, Snapshot
from domain.sources import Source

_Row = TypeVar("_Row", CashBalance, CashFlow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One input and where it was read."""

    what: str
    source: Source | None

    def words(self) -> str:
        """The sentence."""
        if self.source is None:
            return f"{self.what}: made by Trimtab itself"
        return f"{self.what}: {self.source} (sha256 {self.source.sha256[:12]})"


def origins_of_security(snapshot: Snapshot, security_id: str) -> Iterator[Origin]:
    """The security master's row, the price and any restriction."""
    for security in snapshot.securities:
        if security.security_id == security_id:
            what = f"security {security.symbol}, ISIN {security_id}, of {security.issuer}"
            yield Origin(what=what, source=security.source)
    for price in snapshot.prices:
        if price.security_id == security_id:
            what = f"price {plain(price.close)} of {price.day}"
            yield Origin(what=what, source=price.source)
    for entry in snapshot.restrictions:
        if entry.security_id == security_id:
            since = entry.effective_from if entry.effective_at is None else entry.effective_at
            what = f"restriction from {since}: {entry.reason}"
            yield Origin(what=what, source=entry.source)


def origins_of_account(snapshot: Snapshot, account_id: str) -> Iterator[Origin]:
    """Registry, mandate, model, cash and flows of one account."""
    yield from origins_of_accounts(snapshot, (account_id,))


def origins_of_accounts(snapshot: Snapshot, account_ids: Iterable[str]) -> Iterator[Origin]:
    """`origins_of_account` of each; a block has thousands, so the snapshot is read once."""
    wanted = dict.fromkeys(account_ids)
    accounts = {a.account_id: a for a in snapshot.accounts if a.account_id in wanted}
    cash, flows = _by_account(snapshot.cash), _by_account(snapshot.flows)
    for account in (accounts[account_id] for account_id in wanted if account_id in accounts):
        account_id = account.account_id
        yield Origin(what=f"account {account_id}", source=account.source)
        for mandate in snapshot.mandates:
            if mandate.mandate_id == account.mandate_id:
                yield Origin(what=f"mandate {mandate.mandate_id}", source=mandate.source)
        for model in snapshot.models:
            if model.model_id == account.model_id:
                yield Origin(what=f"model {model.model_id}", source=model.source)
        for balance in cash[account_id]:
            what = f"cash {plain(balance.amount)} of {account_id}"
            yield Origin(what=what, source=balance.source)
        for flow in flows[account_id]:
            what = f"cash flow {plain(flow.amount)} of {account_id} due {flow.due}: {flow.why}"
            yield Origin(what=what, source=flow.source)


def _by_account(rows: Iterable[_Row]) -> defaultdict[str, list[_Row]]:
    found: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row.account_id].append(row)
    return found


def origins_of_lots(snapshot: Snapshot, lot_ids: Iterable[str]) -> Iterator[Origin]:
    """Where the lots were first told to us."""
    wanted = set(lot_ids)
    for lot in snapshot.lots:
        if lot.lot_id in wanted:
            what = (
                f"lot {lot.lot_id}, {plain(lot.quantity)} shares acquired {lot.acquired} "
                f"for {plain(lot.basis)}"
            )
            yield Origin(what=what, source=lot.source)


def unique(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """Each origin once, in the order in which they were met."""
    return tuple(dict.fromkeys(origins))
