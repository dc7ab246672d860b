"""The program as a client sees it: real FIX over loopback, power cuts, bad input, the witness."""

import csv
import json
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

VENUES = """\
seed = 5
state_dir = "state"

[clock]
start = "2022-11-30T20:44:50Z"

[[venue]]
name = "XSIM"
clients = ["TRIMTAB", "OTHER"]
prices = "prices.csv"
fee_per_share = 0.0035
level_share = 0.0001
replenish_interval = 0.05

[[venue]]
name = "YSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
replenish_interval = 0.05
"""


def fills_of(client):
    return [m for m in client.received if m.get(150) == "F"]


def test_a_large_order_fills_bit_by_bit_and_the_witness_says_the_same(venue_process, raw_client):
    venues = venue_process(VENUES)
    client = raw_client(venues.port())
    client.logon()

    client.new_order("X1", 4000, (1, "ACC1"), (583, "run-7"), (526, "S"))
    last = client.wait("8", t39="2", seconds=8)
    status, answer = venues.ask("POST", "/venues/XSIM/end-of-day")

    fills = fills_of(client)
    assert len(fills) > 5
    assert len({m[17] for m in fills}) == len(fills)
    assert len({m[60] for m in fills}) > 2
    assert all((m[1], m[583], m[526]) == ("ACC1", "run-7", "S") for m in fills)
    assert all((m[13], m[75]) == ("3", "20221130") for m in fills)
    assert last[60].startswith("20221130-20:4")
    assert (last[14], last[151]) == ("4000", "0")
    assert status == 200
    *rows, trailer = csv.reader(Path(answer["path"]).read_text().splitlines()[1:])
    assert [(r[2], r[10], Decimal(r[11]), r[12]) for r in rows] == [
        (m[17], m[32], Decimal(m[31]), m[12]) for m in fills
    ]
    gross = sum(int(m[32]) * Decimal(m[31]) for m in fills)
    fees = sum(Decimal(m[12]) for m in fills)
    assert trailer == ["TRAILER", "XSIM", str(len(fills)), "4000", f"{gross}", f"{fees}"]
    client.close()
    assert venues.stop() == 0


def test_a_venue_that_lost_power_knows_its_orders_and_its_numbers(venue_process, raw_client):
    venues = venue_process(VENUES)
    client = raw_client(venues.port())
    client.logon()
    client.new_order("X1", 30, price="149.00")
    client.wait("8", t39="2")
    client.new_order("X2", 50, price="140.00")
    client.wait("8", t11="X2", t39="0")
    fills = fills_of(client)
    expected = int(client.received[-1][34]) + 1

    venues.kill()
    client.close()
    venues.start()
    again = raw_client(venues.port(), sequence=client.next_out)
    logon = again.logon(reset=False)

    assert int(logon[34]) == expected
    again.send("H", (11, "X2"), (55, "AAPL"), (54, "1"))
    assert again.wait("8", t150="I")[39] == "0"
    again.new_order("X1", 10)
    assert again.wait("8", t150="8")[103] == "6"
    again.send("F", (11, "C2"), (41, "X2"), (55, "AAPL"), (54, "1"), (38, 50), (60, stamp()))
    assert again.wait("8", t150="4")[41] == "X2"
    again.new_order("X3", 10, price="149.00")
    new_fill = again.wait("8", t150="F")
    assert new_fill[17] not in {m[17] for m in fills}
    _, answer = venues.ask("POST", "/venues/XSIM/end-of-day")
    with Path(answer["path"]).open() as file:
        witnessed = [row["exec_id"] for row in csv.DictReader(file) if row["venue"] == "XSIM"]
    assert [m[17] for m in fills] == witnessed[: len(fills)]
    assert new_fill[17] in witnessed


def test_fills_while_the_client_was_away_are_there_when_he_asks(venue_process, raw_client):
    venues = venue_process(VENUES)
    buyer, seller = raw_client(venues.port()), raw_client(venues.port(), name="OTHER")
    buyer.logon()
    buyer.new_order("B1", 20, price="148.03")
    new = buyer.wait("8", t39="0")
    buyer.close()
    seller.logon()
    seller.new_order("S1", 20, side="2", price="148.00")
    seller.wait("8", t39="2")
    venues.ask("GET", "/venues")  # The venues have sent everything before they answer.

    again = raw_client(venues.port(), sequence=buyer.next_out)
    again.logon(reset=False)
    again.send("2", (7, int(new[34]) + 1), (16, 0))

    fill = again.wait("8", t11="B1", t150="F")
    assert fill[43] == "Y"
    assert (fill[39], fill[14]) == ("2", "20")


def stamp():
    return "20221130-20:45:00"


ORDER_WITHOUT_SIDE = [(11, "BAD"), (55, "AAPL"), (60, "20221130-20:45:00"), (38, 5), (40, 1)]


def test_bad_input_gets_its_answer_and_the_others_never_notice(venue_process, raw_client):
    venues = venue_process(VENUES)
    good = raw_client(venues.port(), name="OTHER")
    good.logon()
    garbage = raw_client(venues.port())
    garbage.send_raw(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(256)) * 200)
    stranger = raw_client(venues.port(), name="NOBODY")
    stranger.send("A", (98, 0), (108, 30))
    unknown_venue = raw_client(venues.port(), venue="ZSIM")
    unknown_venue.send("A", (98, 0), (108, 30))
    no_logon = raw_client(venues.port())
    no_logon.new_order("X1", 10)
    client = raw_client(venues.port())
    client.logon()

    assert stranger.next()[35] == unknown_venue.next()[35] == "5"
    assert stranger.next() is unknown_venue.next() is None
    assert no_logon.next() is None
    client.send_raw(b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01")  # Wrong checksum: not counted.
    client.send("D", *ORDER_WITHOUT_SIDE)
    assert client.wait("3")[371] == "54"
    client.send("D", *ORDER_WITHOUT_SIDE, (54, "Z"))
    assert client.wait("3")[371] == "54"
    client.send("D", *ORDER_WITHOUT_SIDE, (54, 1), (20000, "x"))
    assert client.wait("8")[11] == "BAD"
    client.send("R", (131, "Q1"), (146, 1), (55, "AAPL"))
    assert client.wait("j")[372] == "R"
    client.new_order("X1", "-5")
    assert client.wait("8", t11="X1")[103] == "13"
    client.new_order("X2", 10, symbol="NOPE")
    assert client.wait("8", t11="X2")[103] == "1"
    client.send("F", (11, "C"), (41, "?"), (55, "AAPL"), (54, 1), (38, 1), (60, stamp()))
    reject = client.wait("9")
    assert (reject[37], reject[102], reject[434]) == ("NONE", "1", "1")
    good.new_order("G1", 10)
    assert good.wait("8", t39="2")[14] == "10"
    for one in (good, garbage, client):
        one.close()
    assert venues.stop() == 0


def test_operators_see_books_and_orders_and_can_halt(venue_process, raw_client, tmp_path):
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    token.chmod(0o600)
    venues = venue_process(VENUES.replace("[clock]", '[control]\ntoken_file = "token"\n[clock]'))
    client = raw_client(venues.port("YSIM"), venue="YSIM")
    client.logon()
    client.new_order("X1", 30, price="149.00")
    client.wait("8", t39="0")

    def ask(method, path, body=None):
        return venues.ask(method, path, body, token="open-sesame")

    assert venues.ask("GET", "/venues")[0] == 401
    assert venues.ask("GET", "/venues", token="wrong")[0] == 401
    assert ask("GET", "/venues")[1]["venues"]["YSIM"]["clients"] == ["TRIMTAB"]
    assert ask("GET", "/venues/YSIM/books/AAPL")[1]["bids"] == [{"price": "149.00", "quantity": 30}]
    assert ask("GET", "/venues/YSIM/orders")[1]["orders"][0]["status"] == "new"
    assert ask("GET", "/venues/YSIM/books/NOPE")[0] == 404
    assert ask("GET", "/venues/NOPE/orders")[0] == 404
    assert ask("POST", "/venues/YSIM/halt", {"symbol": "NOPE"})[0] == 400
    assert ask("POST", "/venues/YSIM/halt", {"symbol": "AAPL"})[1]["halted"] == ["AAPL"]
    client.new_order("X2", 30, price="149.00")
    assert "halted" in client.wait("8", t39="8")[58]
    venues.kill()
    venues.start()
    assert ask("GET", "/venues")[1]["venues"]["YSIM"]["halted"] == ["AAPL"]
    assert ask("POST", "/venues/YSIM/resume", {"symbol": "AAPL"})[1]["halted"] == []


def test_a_second_process_on_the_same_state_refuses_to_start(venue_process, tmp_path):
    venue_process(VENUES)

    second = subprocess.run(
        [sys.executable, "-m", "simulator", "--config", str(tmp_path / "venues.toml")],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert second.returncode == 75
    assert "another venue process uses this directory" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_sample_door_is_open_to_strangers(raw_client):
    """As docs/venues.md says, twice: numbers begin again at each logon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "simulator", "--sample", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert json.loads(process.stdout.readline())["venues"]["XSIM"]["port"] == port
            for turn in "12":
                client = raw_client(port, name="CLIENT1")
                client.logon(reset=False)
                client.new_order(f"S{turn}", 10, symbol="MSFT")
                assert client.wait("8", t39="2")[14] == "10"
                client.close()
        finally:
            process.terminate()
    assert process.returncode == 0
