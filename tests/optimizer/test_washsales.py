"""Wash sales: over the past 30 days, over the household, and within one run."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounts import LotMethod, TaxStatus, WeightBand
from domain.orders import Side
from domain.snapshot import PastTrade
from optimizer import assemble, propose_batch
from tests.optimizer.book import AS_OF, account, book_of, lot, mandate

ROOMY = {
    "sector_band": Decimal("0.3"),
    "name_maximum": Decimal("0.5"),
    "turnover_maximum": Decimal(2),
    "cash": WeightBand(name="cash", minimum=Decimal("0.01"), maximum=Decimal("0.2")),
}


def past(account_id: str, security_id: str, side: Side, days_ago: int, gain=None) -> PastTrade:
    return PastTrade(
        account_id=account_id,
        security_id=security_id,
        side=side,
        quantity=Decimal(10),
        day=AS_OF - timedelta(days=days_ago),
        gain=gain if gain is None else Decimal(gain),
        source=None,
    )


def bought_and_harvested(snapshot, proposals) -> tuple[set[str], set[str]]:
    """Names that anybody buys, and names of which a taxable account sells a lot at a loss."""
    price = {p.security_id: p.close for p in snapshot.prices}
    taxable = {a.account_id for a in snapshot.accounts if a.tax_status is TaxStatus.TAXABLE}
    losing = {
        lot.lot_id
        for lot in snapshot.lots
        if lot.account_id in taxable and lot.basis > price[lot.security_id] * lot.quantity
    }
    trades = [trade for proposal in proposals for trade in proposal.trades]
    bought = {trade.security_id for trade in trades if trade.side is Side.BUY}
    harvested = {trade.security_id for trade in trades if losing.intersection(trade.lot_ids)}
    return bought, harvested


def family(seed: int, method: LotMethod = LotMethod.HIFO, statuses=(TaxStatus.TAXABLE,) * 3):
    accounts = [account(f"A{n}", tax_status=status) for n, status in enumerate(statuses)]
    eager = mandate(lot_method=method, loss_value=Decimal(1), **ROOMY)
    return replace(book_of(*accounts, seed=seed), mandates=(eager,))


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(1, 10_000),
    method=st.sampled_from(list(LotMethod)),
    statuses=st.lists(st.sampled_from(list(TaxStatus)), min_size=2, max_size=4),
)
def test_no_household_buys_what_it_sells_at_a_loss_in_the_same_run(seed, method, statuses):
    snapshot = family(seed, method, statuses)

    bought, harvested = bought_and_harvested(snapshot, propose_batch(*assemble(snapshot)))

    assert not bought & harvested


def test_without_the_household_rule_the_same_family_would_wash():
    """The property above is not empty: as strangers, these accounts buy each other's losses."""
    snapshot = family(7)
    strangers = replace(
        snapshot,
        accounts=tuple(replace(a, household_id=a.account_id) for a in snapshot.accounts),
    )

    bought, harvested = bought_and_harvested(strangers, propose_batch(*assemble(strangers)))
    as_family, losses = bought_and_harvested(snapshot, propose_batch(*assemble(snapshot)))

    assert bought & harvested
    assert losses, "the family still harvests"
    assert not as_family & losses


@pytest.mark.parametrize("days_ago", [0, 30, 31])
def test_a_name_sold_at_a_loss_by_a_sibling_is_not_bought_for_30_days(days_ago):
    snapshot = family(3, statuses=(TaxStatus.EXEMPT, TaxStatus.TAXABLE))
    (first, *_) = propose_batch(*assemble(snapshot, ["A0"]))
    wanted = {trade.security_id for trade in first.trades if trade.side is Side.BUY}
    name = min(wanted)
    sale = past("A1", name, Side.SELL, days_ago, gain="-50")

    (after,) = propose_batch(*assemble(replace(snapshot, past_trades=(sale,)), ["A0"]))

    buys = {trade.security_id for trade in after.trades if trade.side is Side.BUY}
    assert (name in buys) == (days_ago > 30)


@pytest.mark.parametrize(
    "harmless",
    [
        ("A1", Side.SELL, "50"),  # A gain.
        ("IRA", Side.SELL, "-50"),  # No loss that counts for tax.
        ("STRANGER", Side.SELL, "-50"),  # Another household's.
    ],
)
def test_only_a_taxable_loss_of_the_household_locks(harmless):
    who, side, gain = harmless
    snapshot = family(3, statuses=(TaxStatus.EXEMPT, TaxStatus.TAXABLE))
    others = (
        account("IRA", tax_status=TaxStatus.DEFERRED),
        account("STRANGER", "H9"),
    )
    snapshot = replace(snapshot, accounts=snapshot.accounts + others)
    (plain,) = propose_batch(*assemble(snapshot, ["A0"]))
    name = min(trade.security_id for trade in plain.trades if trade.side is Side.BUY)
    trade = past(who, name, side, 5, gain=gain)

    (after,) = propose_batch(*assemble(replace(snapshot, past_trades=(trade,)), ["A0"]))

    assert after == plain


@pytest.mark.parametrize("method", list(LotMethod))
def test_a_name_that_a_sibling_bought_is_not_sold_at_a_loss(method):
    snapshot = family(7, method, (TaxStatus.TAXABLE, TaxStatus.DEFERRED))
    (before,) = propose_batch(*assemble(snapshot, ["A0"]))
    _, harvested = bought_and_harvested(snapshot, [before])
    purchases = tuple(past("A1", name, Side.BUY, 10) for name in sorted(harvested))

    (after,) = propose_batch(*assemble(replace(snapshot, past_trades=purchases), ["A0"]))

    assert harvested
    assert not bought_and_harvested(snapshot, [after])[1] & harvested


def test_a_loss_that_is_not_worth_selling_does_not_keep_its_name_from_being_bought():
    """Far below its target, a name with a tiny loss is bought, not treated as sell-only."""
    snapshot = book_of(account("A1"))
    name, weight = max(snapshot.models[0].weights.items(), key=lambda item: item[1])
    price = next(p.close for p in snapshot.prices if p.security_id == name)
    others = tuple(lot for lot in snapshot.lots if lot.security_id != name)
    small = lot("A1", name, 50, price * Decimal("1.001"))

    snapshot = replace(
        snapshot,
        lots=(*others, small),
        cash=(replace(snapshot.cash[0], amount=Decimal(150_000)),),
        mandates=(mandate(**ROOMY),),
    )
    (proposal,) = propose_batch(*assemble(snapshot))

    (trade,) = [trade for trade in proposal.trades if trade.security_id == name]
    assert trade.side is Side.BUY
    assert trade.weight_after > weight / 2
