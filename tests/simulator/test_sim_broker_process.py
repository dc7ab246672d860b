"""The broker in the running program: FIX orders by strategy, a stepped clock, a power cut."""

import pytest

from simulator.running.config import read_config
from simulator.running.tables import ConfigError

pytestmark = pytest.mark.integration

VENUES = """\
state_dir = "state"

[clock]
start = "2022-11-30T15:00:00Z"
stepped = true

[[venue]]
name = "XSIM"
clients = ["MAKER"]
prices = "prices.csv"
levels = 0
sending_time_seconds = 0

[[venue]]
name = "BROK"
kind = "broker"
works_on = ["XSIM"]
slice_interval = 10
fee_per_share = 0.01
clients = ["TRIMTAB"]
sending_time_seconds = 0
"""
ENDS = "20221130-15:01:00"


def step(venues, seconds):
    status, answer = venues.ask("POST", "/clock/step", {"seconds": seconds})
    assert status == 200, answer


def test_an_order_is_worked_over_time_across_a_power_cut(venue_process, raw_client):
    venues = venue_process(VENUES)
    maker = raw_client(venues.port("XSIM"), name="MAKER")
    maker.logon()
    maker.new_order("M1", 10_000, side="2", price="148.00")
    maker.wait("8", t39="0")
    client = raw_client(venues.port("BROK"), venue="BROK")
    client.logon(reset=False)
    client.new_order("T1", 600, (847, "1000"), (126, ENDS), (1, "ACC"))
    new = client.wait("8")
    step(venues, 30)
    before = client.wait("8", t14="300")

    client.close()
    venues.kill()
    venues.start()
    client = raw_client(venues.port("BROK"), venue="BROK", sequence=3)
    client.logon(reset=False)
    step(venues, 30)
    last = client.wait("8", t39="2")

    fills = [one for one in client.received if one.get(150) == "F"]
    assert (new[150], new[847], new[1]) == ("0", "1000", "ACC")
    assert (before[39], before[30], before[32]) == ("1", "XSIM", "100")
    assert [one[14] for one in fills] == ["400", "500", "600"]
    assert (last[6], last[12], last[60]) == ("148", "1.00", "20221130-15:01:00.000")
    status, shown = venues.ask("GET", "/venues/BROK/orders")
    assert (status, shown["orders"][0]["status"]) == (200, "filled")
    assert venues.stop() == 0


def test_a_strategy_is_known_by_number_or_name_and_refused_by_name(venue_process, raw_client):
    venues = venue_process(VENUES)
    client = raw_client(venues.port("BROK"), venue="BROK")
    client.logon(reset=False)

    client.new_order("T1", 600, (847, "3"))
    refused = client.wait("8")
    named = [(957, 2), (958, "Strategy"), (959, 14), (960, "TWAP")]
    client.new_order("T2", 600, *named, (958, "EndTime"), (959, 19), (960, ENDS))
    taken = client.wait("8", t11="T2")

    assert taken[39] == "0"
    _, shown = venues.ask("GET", "/venues/BROK/orders")
    assert (shown["orders"][0]["strategy"], shown["orders"][0]["end"][11:19]) == (
        "TWAP",
        "15:01:00",
    )
    assert (refused[39], refused[103]) == ("8", "99")
    assert refused[58] == "TargetStrategy (847) 3 is unknown; use 1 (VWAP), 2 (POV), 1000 (TWAP)"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('works_on = ["XSIM"]', 'works_on = ["YSIM"]', "looks to 'YSIM', which is no exchange"),
        ('works_on = ["XSIM"]', "works_on = []", "works_on"),
        ("slice_interval = 10", "slice_intervall = 10", "did you mean 'slice_interval'?"),
        ("slice_interval = 10", "volume_curve = [0, 0]", "weights of equal parts of the day"),
        ("slice_interval = 10", 'rest = "cancle"', "rest"),
    ],
)
def test_a_broker_that_cannot_be_stops_the_start_by_line(tmp_path, old, new, why):

    path = tmp_path / "venues.toml"
    path.write_text(VENUES.replace(old, new))

    with pytest.raises(ConfigError) as refused:
        read_config(path)

    assert why in str(refused.value)
