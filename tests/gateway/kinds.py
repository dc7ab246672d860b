"""Orders of every kind that there is, for tests that must not forget one."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from domain.orders import (
    Algo,
    Allocation,
    OrderIntent,
    OrdType,
    Peg,
    PegTo,
    Side,
    Strategy,
    TimeInForce,
)
from tests.gateway.desk import intent

NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)

prices = st.integers(1, 10**8).map(lambda cents: Decimal(cents) / 100)
quantities = st.integers(1, 10**7).map(Decimal)
instants = st.integers(0, 60 * 24 * 3600).map(lambda seconds: NOW + timedelta(seconds=seconds))
pegs = st.builds(
    Peg, to=st.sampled_from(PegTo), offset=st.integers(-500, 500).map(lambda c: Decimal(c) / 100)
)
algos = st.builds(
    Algo,
    strategy=st.sampled_from(Strategy),
    start=st.none() | instants,
    end=st.none() | instants,
    participation=st.integers(1, 99).map(lambda percent: Decimal(percent) / 100),
)
maybe_algos = st.none() | algos


@st.composite
def intents(draw, algorithms=maybe_algos) -> OrderIntent:
    """Any order that the vocabulary can say."""
    kind, time = draw(st.sampled_from(OrdType)), draw(st.sampled_from(TimeInForce))
    quantity = draw(quantities)
    needs_limit = kind in (OrdType.LIMIT, OrdType.STOP_LIMIT)
    may_limit = kind is OrdType.PEGGED and draw(st.booleans())
    last = ends = None
    if time is TimeInForce.GTD:
        last = date(2022, 12, 1) + timedelta(draw(st.integers(0, 90)))
        ends = draw(st.none() | st.just(datetime(last.year, last.month, last.day, 15, tzinfo=UTC)))
    return intent(
        "AB12-0001",
        int(quantity),
        side=draw(st.sampled_from(Side)),
        ord_type=kind,
        limit_price=draw(prices) if needs_limit or may_limit else None,
        stop_price=draw(prices) if kind in (OrdType.STOP, OrdType.STOP_LIMIT) else None,
        peg=draw(pegs) if kind is OrdType.PEGGED else None,
        time_in_force=time,
        expires=last,
        expires_at=ends,
        algo=draw(algorithms),
        allocations=(Allocation(account_id="A1", quantity=quantity, strategy="GROWTH"),),
    )
