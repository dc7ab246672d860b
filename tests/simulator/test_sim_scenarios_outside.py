"""Every scenario from outside: a stranger's client on a raw socket against the running program."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime

import pytest

from simulator.scenarios.library import read_library
from tests.simulator.conftest import PRICES, ROOT, RawClient
from tests.simulator.standard_client import MATRICES, Fields, StandardClient, paths

pytestmark = pytest.mark.integration

PROGRAM = "simulator"
VENUES = """\
state_dir = "state"
[[venue]]
name = "XSIM"
clients = ["CLIENT1", "CLIENT2"]
prices = "prices.csv"
levels = 0
reset_on_logon = true
scenario_pace = 0.002
scenario_night = 0.01
[[venue.session]]
client = "CLIENT3"
begin_string = "FIXT.1.1"
"""
MINE = """\
id = "MY.1"
title = "A late fill"
steps = [
  {t = 1, client = "NewOrderSingle", ClOrdID = "X", OrderQty = 3},
  {t = 2, venue = "New", ClOrdID = "X"},
  {t = 3, venue = "Trade", ClOrdID = "X", LastQty = 3, LastPx = 7.25},
]
"""
HEADER = (97,)


class SocketWire:
    """simplefix on a socket; session messages stay below."""

    def __init__(self, client: RawClient) -> None:
        self.client = client

    def send(self, fields: Fields) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S")
        body = {tag: value for tag, value in fields.items() if tag not in {35, *HEADER}}
        if fields[35] != "H":
            body[60] = stamp
        header = [(tag, fields[tag]) for tag in HEADER if tag in fields]
        self.client.send(fields[35], *body.items(), header=header)

    def receive(self) -> Fields:
        while True:
            message = self.client.next()
            assert message is not None, "the venue hung up"
            assert message[35] not in {"3", "j"}, message
            if message[35] in {"8", "9"}:
                return message


def start(folder, toml, *arguments):
    (folder / "prices.csv").write_text(PRICES)
    (folder / "venues.toml").write_text(toml)
    return launch("--config", str(folder / "venues.toml"), *arguments)


@contextlib.contextmanager
def sample():
    """The door for strangers, on a free port; its ready line."""
    process, ready = launch("--sample", "--port", "0")
    yield ready
    process.terminate()
    process.communicate(timeout=10)


def launch(*arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    line = process.stdout.readline()
    assert line, process.communicate(timeout=10)[1]
    return process, json.loads(line)


def connected(ready, name="CLIENT1", **options):
    client = RawClient(ready["venues"]["XSIM"]["port"], name=name, **options)
    client.logon()
    return client


def look(ready, path):
    with urllib.request.urlopen(f"{ready['control']}{path}", timeout=5) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    process, ready = start(tmp_path_factory.mktemp("venue"), VENUES)
    client = connected(ready)
    yield client, ready
    client.close()
    process.terminate()
    process.communicate(timeout=10)


def every_path():
    library = read_library()
    return [
        pytest.param(scenario, steps, one.id, id=one.id)
        for scenario in MATRICES
        for one, (_, steps) in zip(
            [s for s in library.scripts if scenario["id"] in {s.id, s.variant_of}],
            paths(scenario),
            strict=True,
        )
    ]


@pytest.mark.parametrize(("scenario", "steps", "name"), every_path())
def test_a_stranger_is_certified(venue, scenario, steps, name):
    client, _ = venue

    last = StandardClient(SocketWire(client), scenario, f"{name}.TEST", name).play(steps)

    assert last[58].endswith(f"{name} certified: every message was as the standard says")


def test_a_stranger_is_certified_in_fix_5_0_sp2_too(venue):
    _, ready = venue
    client = connected(ready, "CLIENT3", begin_string="FIXT.1.1")
    wire, verdicts = SocketWire(client), {}
    for scenario in MATRICES:
        player = StandardClient(wire, scenario, f"{scenario['id']}.TEST", f"5-{scenario['id']}")
        verdicts[scenario["id"]] = player.play(paths(scenario)[0][1])[58]
    client.close()

    assert {name for name, text in verdicts.items() if " certified: " not in text} == set()


def test_the_operators_door_shows_every_play(venue):
    client, ready = venue
    scenario = MATRICES[0]
    StandardClient(SocketWire(client), scenario, "D1.TEST", "shown").play(paths(scenario)[0][1])

    shown = look(ready, "/venues/XSIM/scenarios")

    assert shown["not_certified"] == 0
    assert shown["plays"][-1]["cl_ord_ids"] == ["shown-X"]
    assert shown["plays"][-1]["verdict"].startswith("A.1.a certified")


def test_a_whole_venue_plays_what_its_flag_names_and_scripts_of_a_folder(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my.toml").write_text(MINE)
    process, ready = start(
        tmp_path,
        VENUES.replace("[[venue.session]]", 'scenario_scripts = "mine"\n[[venue.session]]'),
        "--scenario",
        "my.1",
    )
    client = connected(ready)

    client.new_order("A", 6, symbol="AAPL", price="8.00")
    last = client.wait("8", t39="2")
    client.close()
    process.terminate()
    process.communicate(timeout=10)

    assert (last[14], last[31]) == ("6", "7.25")
    assert last[58] == "MY.1 certified: every message was as the script says"


def test_an_unknown_scenario_stops_the_start_with_the_nearest_name(tmp_path):
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "venues.toml").write_text(VENUES)
    command = [sys.executable, "-m", PROGRAM, "--config", "venues.toml", "--scenario", "D99"]

    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
        timeout=20, check=False,
    )  # fmt: skip

    assert done.returncode == 78
    assert "there is no scenario D99; did you mean D9" in done.stderr
