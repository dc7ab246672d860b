"""A wave for a broker's algorithms as one list: each order with its own, begun when we say so.

Our gateway and ledger, the simulated broker, and the exchange that it works on; both versions of
FIX, and both forms of asking for an algorithm.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
import quickfix as fix

from domain.orders import Algo, OrdStatus, Side, Strategy
from gateway.dialect import AlgoForm, Dialect
from gateway.dictionary import standard_path, write_for_sending, write_relaxed
from gateway.lists import encode_list
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from gateway.wiretext import pairs
from ledger.positions import is_balanced
from oms.entering import enter
from oms.lists import cancel_lists
from oms.wire_risk import price_facts
from tests.gateway import desk as small
from tests.gateway.desk import RealClock
from tests.gateway.test_gateway_kinds_with_venues import CONFIG, GROUPED, MIXED, PRICES, Day, ny
from tests.gateway.test_gateway_lists import of_tag, sent
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, LIMITS, RUN, intent, open_books, snapshot
from tests.simulator.conftest import VenueProcess

pytestmark = pytest.mark.integration

BOOK = snapshot(cash={"A1": "9000000"})
ALGOS = (
    Algo(strategy=Strategy.TWAP, end=ny(10, 0)),
    Algo(strategy=Strategy.VWAP, start=ny(9, 40), end=ny(10, 0)),
    Algo(strategy=Strategy.POV, end=ny(10, 0), participation=Decimal("0.1")),
)
NAMES = [f"KIND-{algo.strategy}" for algo in ALGOS]
LISTS = {"lists": True, "list_algorithms": True, "list_status": True}


@pytest.fixture(params=[("FIX.4.4", MIXED), ("FIXT.1.1", GROUPED)], ids=["4.4", "5.0SP2"])
def day(request, wired, tmp_path):
    begin_string, strategies = request.param
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "venues.toml").write_text(CONFIG.format(begin_string=begin_string))
    program = VenueProcess(tmp_path / "venues.toml").start()
    venues = {"BROK": ("127.0.0.1", program.port("BROK"))}
    path = tmp_path / "fix.cfg"
    sessions = write_session_config(path, venues, store=tmp_path / "fix", begin_string=begin_string)
    table = {"session": sessions["BROK"], "strategies": strategies, **LISTS}
    settings = load_settings(path, {"BROK": {**table, "list_execution": "when_told"}}, {})
    open_books(wired.vault, BOOK)
    made = Day(wired, program, settings)
    made.wired, made.ways = wired, settings.ways
    made.gateway.start()
    yield made
    made.gateway.stop()
    assert program.stop() == 0
    assert wired.quarantined() == ()


def release(day) -> None:
    """One order for each algorithm."""
    wave = [
        replace(
            intent(name, Side.BUY, AAPL, {"A1": 90 + 10 * number}, limit="148.05"),
            venue="BROK",
            algo=algo,
        )
        for number, (name, algo) in enumerate(zip(NAMES, ALGOS, strict=True))
    ]
    with day.vault.write() as uow:
        going = enter(uow, wave, LIMITS, price_facts(BOOK), RealClock().now(), ways=day.ways)
        assert going.stopped == ()
    day.gateway.wake()


def test_a_wave_of_algorithms_goes_as_one_list_and_each_is_worked_by_its_own(day):
    day.step_to(ny(9, 35))
    release(day)
    for strategy in ("TWAP", "VWAP", "POV"):
        day.wait(strategy, OrdStatus.NEW, 0)
    day.stranger("sell", 5000, "148.05")
    day.step_to(ny(9, 45))
    day.stranger("buy", 1000, "148.05")
    day.step_to(ny(10, 1))
    day.wait("TWAP", OrdStatus.FILLED, 90)
    day.wait("VWAP", OrdStatus.FILLED, 100)
    until(lambda: day.order("POV").is_closed, "the end of POV")

    [raw] = sent(day, "E")
    assert of_tag(raw, 11) == NAMES
    assert (of_tag(raw, 847), of_tag(raw, 433)) == (["1000", "1", "2"], ["2"])
    assert len(sent(day, "L")) == 1
    assert sent(day, "D") == []
    assert 0 < day.order("POV").cum_qty <= 110
    with day.vault.read() as view:
        held, transactions = view.ledger.balances(), view.ledger.of_run(RUN)
    assert held["client:A1", AAPL] == sum(day.order(a.strategy).cum_qty for a in ALGOS)
    assert is_balanced(transactions)
    alarms = [one for one in day.wired.events if one["event"] == "alarm_raised"]
    assert [one for one in alarms if one["kind"] != "session_silent"] == []


def test_the_broker_ends_the_whole_list_and_keeps_what_it_did(day):
    day.step_to(ny(9, 35))
    release(day)
    day.stranger("sell", 40, "148.05")
    for strategy in ("TWAP", "VWAP", "POV"):
        until(lambda name=strategy: day.order(name).status is not OrdStatus.INTENDED, strategy)
    until(lambda: day.order("TWAP").status is OrdStatus.NEW, "the beginning")
    day.step_to(ny(9, 50))
    until(lambda: sum(day.order(a.strategy).cum_qty for a in ALGOS) == 40, "forty shares")

    with day.vault.write() as uow:
        assert cancel_lists(uow, NAMES, at=RealClock().now(), why="enough", by="oms") == ()
    day.gateway.wake()
    until(lambda: all(day.order(a.strategy).is_closed for a in ALGOS), "the end")

    assert {day.order(a.strategy).status for a in ALGOS} == {OrdStatus.CANCELED}
    with day.vault.read() as view:
        assert view.ledger.balances()["client:A1", AAPL] == 40


def test_a_brokers_own_tags_stay_with_their_orders_in_the_engine(tmp_path):
    """The engine takes a list apart by a dictionary, and knows no tag of the broker's."""
    form = AlgoForm(value="VWAP2", tag=7600, start="7601", end="7602", fixed=(("7604", "PASSIVE"),))
    dialect = Dialect(
        list_orders=9, list_algos=True, algos=dict.fromkeys(Strategy, form), is_fifty=False
    )
    algo = Algo(strategy=Strategy.VWAP, start=ny(9, 40), end=ny(10, 0))
    wave = [
        replace(small.intent(f"C{n}"), list_id="C0-L", algo=replace(algo, end=ny(10, n)))
        for n in range(3)
    ]
    [one] = encode_list(wave, account="T", at=RealClock().now(), dialect=dialect)
    relaxed, sending = tmp_path / "relaxed.xml", tmp_path / "sending.xml"
    write_relaxed(standard_path(), relaxed)
    write_for_sending(relaxed, sending, {"E"}, in_lists=dialect.list_tags)

    text = fix.Message(one.text, fix.DataDictionary(str(sending)), False).toString()

    ours = [(tag, value) for tag, value in pairs(text) if tag in (11, 7600, 7601, 7602, 7604)]
    names = [ours[at : at + 5] for at in range(0, 15, 5)]
    assert [dict(order)[11] for order in names] == ["C0", "C1", "C2"]
    assert [dict(order)[7602] for order in names] == [f"20221130-15:0{n}:00" for n in range(3)]
    assert [dict(order)[7604] for order in names] == ["PASSIVE"] * 3
