"""Drift: which holdings are outside their bands, exactly."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.snapshot import CashBalance, Finding
from scheduler.drift import drifted
from tests.optimizer.book import account, book, lot, mandate


def holding(weights: dict[int, str], nav: str = "1000000", **bands):
    """One account that holds exactly `weights` of the book's names, by fractional shares."""
    snapshot = book(names=4)
    prices = [price.close for price in snapshot.prices]
    exact = [Decimal(weights.get(n, "0")) for n in range(4)]
    ids = [price.security_id for price in snapshot.prices]
    priced = tuple(
        replace(price, close=Decimal(100)) for price, _ in zip(snapshot.prices, prices, strict=True)
    )
    lots = tuple(
        lot("A1", ids[n], Decimal(nav) * weight / 100, "90")
        for n, weight in enumerate(exact)
        if weight
    )
    cash = Decimal(nav) * (1 - sum(exact))
    model = replace(snapshot.models[0], weights={ids[0]: Decimal("0.4"), ids[1]: Decimal("0.02")})
    return replace(
        snapshot,
        prices=priced,
        models=(model,),
        mandates=(mandate(**bands),),
        accounts=(account("A1"),),
        lots=lots,
        cash=(CashBalance(account_id="A1", amount=cash, source=None),),
    )


BANDS = {"drift_absolute": Decimal("0.05"), "drift_relative": Decimal("0.25")}


def test_a_holding_on_its_band_has_not_drifted_and_one_beyond_has():
    assert drifted(holding({0: "0.45", 1: "0.025"}, **BANDS)) == ()

    (drift,) = drifted(holding({0: "0.4501", 1: "0.02"}, **BANDS))
    assert (drift.band, drift.weight, drift.target) == (
        "absolute",
        Decimal("0.4501"),
        Decimal("0.4"),
    )
    assert "holds 45.01% of S01 against 40.00%" in drift.sentence


def test_a_small_holding_drifts_by_its_relative_band():
    (drift,) = drifted(holding({0: "0.40", 1: "0.0251"}, **BANDS))

    assert (drift.band, drift.limit) == ("relative", Decimal("0.25"))


def test_what_the_model_holds_and_the_account_does_not_has_drifted():
    (drift,) = drifted(holding({0: "0.40"}, **BANDS))

    assert (drift.weight, drift.target, drift.band) == (0, Decimal("0.02"), "relative")


def test_a_name_outside_the_model_has_only_the_absolute_band():
    assert drifted(holding({0: "0.40", 1: "0.02", 2: "0.05"}, **BANDS)) == ()

    (drift,) = drifted(holding({0: "0.40", 1: "0.02", 2: "0.0501"}, **BANDS))
    assert (drift.target, drift.band) == (0, "absolute")


def test_an_account_in_quarantine_is_left_alone():
    snapshot = holding({0: "0.9"}, **BANDS)
    finding = Finding(check="doubled_account", account_id="A1", message="twice", source=None)

    assert drifted(snapshot)
    assert drifted(replace(snapshot, findings=(finding,))) == ()


def test_an_account_without_a_price_has_no_weights_and_does_not_drift():
    snapshot = holding({0: "0.9"}, **BANDS)

    assert drifted(replace(snapshot, prices=snapshot.prices[1:])) == ()
    assert snapshot.as_of == date(2022, 11, 30)
