"""The lots that a proposal names are those that the ledger will relieve, at the tax it expects."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.accounts import LotMethod
from domain.lots import Term
from domain.orders import Side
from ledger.lots import relieve
from optimizer import assemble, propose_batch
from tests.optimizer.book import account, book_of, mandate


@pytest.mark.parametrize("method", list(LotMethod))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_ledger_relieves_what_the_proposal_names(method, seed):
    terms = mandate(lot_method=method, loss_value=Decimal(1))
    snapshot = replace(book_of(account("A1"), seed=seed), mandates=(terms,))
    price = {p.security_id: p.close for p in snapshot.prices}
    rates = {Term.SHORT: terms.short_term_rate, Term.LONG: terms.long_term_rate}

    (proposal,) = propose_batch(*assemble(snapshot))

    sales = [trade for trade in proposal.trades if trade.side is Side.SELL]
    assert sales
    for trade in sales:
        reliefs = relieve(
            [lot for lot in snapshot.lots if lot.security_id == trade.security_id],
            trade.quantity,
            trade.quantity * price[trade.security_id],
            method,
            sold_on=snapshot.as_of,
            short_rate=terms.short_term_rate,
            long_rate=terms.long_term_rate,
            named=trade.lot_ids,
        )
        assert tuple(relief.lot_id for relief in reliefs) == trade.lot_ids
        tax = sum(rates[relief.term] * relief.gain for relief in reliefs)
        assert abs(tax - trade.expected_tax) <= Decimal("0.01")
