"""Recommendations: the optimizer's proposals, priced and named for the desk.

Only accounts that should trade and may trade come through; the reason of each
trade is carried along word for word.
"""

from collections.abc import Iterator, Sequence

from domain.errors import InvariantError
from domain.orders import Side
from domain.proposals import AccountProposal, Outcome, ProposedTrade
from domain.recommendations import Recommendation
from domain.snapshot import Snapshot

_TRADING = (Outcome.TRADE, Outcome.ORDERED)


class ForeignProposalError(InvariantError):
    """A proposal names something that its snapshot does not have: it is of another snapshot."""

    def __init__(self, *, account_id: str, missing: str) -> None:
        super().__init__(f"the proposal of {account_id} needs {missing}, not in this snapshot")
        self.account_id, self.missing = account_id, missing


def recommend(
    snapshot: Snapshot, proposals: Sequence[AccountProposal]
) -> tuple[Recommendation, ...]:
    """The trades of the proposals at the snapshot's prices: by account, sales first, by symbol.

    Accounts in quarantine get none, whatever was proposed. Raises
    `ForeignProposalError` for an account, a security or a price that the
    snapshot does not have.
    """
    known = {account.account_id for account in snapshot.accounts}
    stopped = snapshot.quarantined()
    priced = _Market(snapshot)
    found: list[Recommendation] = []
    for proposal in proposals:
        if proposal.account_id not in known:
            raise ForeignProposalError(account_id=proposal.account_id, missing="that account")
        if proposal.outcome in _TRADING and proposal.account_id not in stopped:
            found.extend(priced.trades(proposal))
    return tuple(sorted(found, key=lambda r: (r.account_id, r.side is Side.BUY, r.symbol)))


class _Market:
    """Symbols and prices by security id."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._symbols = {s.security_id: s.symbol for s in snapshot.securities}
        self._prices = {p.security_id: p.close for p in snapshot.prices}

    def trades(self, proposal: AccountProposal) -> Iterator[Recommendation]:
        for trade in proposal.trades:
            yield self._recommendation(proposal.account_id, trade)

    def _recommendation(self, account_id: str, trade: ProposedTrade) -> Recommendation:
        security_id = trade.security_id
        if security_id not in self._symbols:
            raise ForeignProposalError(account_id=account_id, missing=f"security {security_id}")
        if security_id not in self._prices:
            raise ForeignProposalError(account_id=account_id, missing=f"a price of {security_id}")
        price = self._prices[security_id]
        return Recommendation(
            account_id=account_id,
            security_id=security_id,
            symbol=self._symbols[security_id],
            side=trade.side,
            quantity=trade.quantity,
            reference_price=price,
            notional=trade.quantity * price,
            lot_ids=trade.lot_ids,
            expected_cost=trade.expected_cost,
            expected_tax=trade.expected_tax,
            terms=trade.terms,
            reason=trade.reason,
        )
