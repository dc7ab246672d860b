"""The prices file, prices as whole units, and the memory of used ids."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange.fees import Fees
from simulator.exchange.instruments import Instrument
from simulator.exchange.prices import PricesError, read_instruments
from simulator.exchange.usedids import UsedIds

HEADER = "symbol,security_id,price,tick,lot_size,average_daily_volume\n"
BANDS = HEADER.strip() + ",tick_bands,lot_bands\n"


def instrument(tick, price="100"):
    return Instrument(
        symbol="A",
        security_id="A",
        price=price,
        ticks=(("0", tick),),
        lots=(("0", 1),),
        average_daily_volume=0,
    )


ticks = st.sampled_from(["0.01", "0.05", "1", "0.25", "0.0001", "0.00000001", "0.03", "10"])


@given(ticks, st.integers(1, 10**7))
def test_every_price_on_a_tick_comes_back_as_it_was(tick, count):
    one = instrument(tick)
    price = Decimal(tick) * count

    units = one.units(format(price, "f"))

    assert units == 2 * count
    assert Decimal(one.text(units)) == price
    assert one.text(units) == format(price, "f")


@given(ticks, st.integers(0, 10**8), st.integers(0, 8))
def test_a_price_between_ticks_is_seen(tick, digits, places):
    price = Decimal(digits).scaleb(-places)

    units = instrument(tick).units(format(price, "f"))

    if price == 0:
        assert units == 0
    else:
        assert (units is None) == (price % Decimal(tick) != 0)


@given(ticks, st.integers(1, 10**9), st.integers(1, 10**5))
def test_a_mean_is_exact_or_rounded_to_eight_places(tick, gross, shares):
    exact = Decimal(tick) / 2 * gross / shares
    rounded = exact.quantize(Decimal("0.00000001"), ROUND_HALF_EVEN)

    assert instrument(tick).mean(gross, shares) == format(rounded.normalize(), "f")


def test_the_middle_of_two_prices_is_a_whole_unit():
    one = instrument("0.05")
    bid, offer = one.units("10.05"), one.units("10.10")

    assert one.text((bid + offer) // 2) == "10.075"


@given(st.decimals(0, 1, places=6), st.integers(1, 10**6))
def test_fees_are_rounded_to_the_cent_half_a_cent_up(per_share, quantity):
    exact = per_share * quantity

    assert Decimal(Fees(per_share).text(quantity)) == exact.quantize(
        Decimal("0.01"), "ROUND_HALF_UP"
    )


def test_the_prices_file_may_have_bands(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(
        BANDS + "X,US1,0.55,0.01,100,1000,0:0.0001 1:0.01,0:100 250:40\nY,US2,5,1,1,0,,\n"
    )

    found = read_instruments(path)

    x = found["X"]
    assert (x.text(x.reference), x.tick_text(x.reference)) == ("0.5500", "0.0001")
    assert x.tick_text(x.units("1.00")) == "0.01"
    assert (x.lot(x.units("249.99")), x.lot(x.units("250.00"))) == (100, 40)
    assert (found["Y"].tick_text(2), found["Y"].lot(2)) == ("1", 1)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "the header is ''"),
        (HEADER, "no line after the header"),
        (HEADER + "X,US1,1,0.01,1\n", ":2: 5 fields; there must be 6"),
        (HEADER + "X Y,US1,1,0.01,1,1\n", ":2: symbol is 'X Y'"),
        (HEADER + "X,US1,-1,0.01,1,1\n", ":2: price is '-1'"),
        (HEADER + "X,US1,1,0.00,1,1\n", ":2: price, tick and lot_size"),
        (HEADER + "X,US1,1,0.01,0,1\n", ":2: price, tick and lot_size"),
        (HEADER + "X,US1,1,0.01,1,1\nX,US1,1,0.01,1,1\n", ":3: symbol 'X' is there twice"),
        (BANDS + "X,US1,1,0.01,1,1,0:x,\n", ":2: tick_bands has '0:x'"),
        (BANDS + "X,US1,1,0.01,1,1,,0:0\n", ":2: lot_bands has '0:0'"),
        (BANDS + "X,US1,1,0.01,1,1,1:0.01,\n", "must begin at 0"),
        (BANDS + "X,US1,1,0.01,1,1,0:0.01 0:0.02,\n", "must begin at 0"),
    ],
)
def test_a_bad_prices_file_is_refused_by_line(tmp_path, text, word):
    path = tmp_path / "prices.csv"
    path.write_text(text)

    with pytest.raises(PricesError) as error:
        read_instruments(path)

    assert str(path) in str(error.value)
    assert word in str(error.value)


def test_a_missing_prices_file_is_named(tmp_path):
    with pytest.raises(PricesError, match=r"nowhere.csv: there is no such prices file"):
        read_instruments(tmp_path / "nowhere.csv")


@given(st.lists(st.text(max_size=3), max_size=80), st.integers(2, 40))
def test_the_last_half_of_the_bound_is_always_known(names, bound):
    used = UsedIds(bound)
    for name in names:
        used.add("C", name)

    recent = names[-(bound // 2) :]
    assert all(used.has("C", name) for name in recent)
    assert not used.has("D", "x" * 5)
    assert len(used) <= bound


def test_the_oldest_ids_are_forgotten_and_a_new_day_forgets_all():
    used = UsedIds(100_000)
    for number in range(120_000):
        used.add("C", f"ORDER{number}")

    assert used.has("C", "ORDER119999")
    assert not used.has("C", "ORDER0")
    used.clear()
    assert len(used) == 0
