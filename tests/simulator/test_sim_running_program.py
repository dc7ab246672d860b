"""The program as its clients see it: drop copies, faults, operators, stepped days, doors."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.simulator.program_talk import (
    PLAIN,
    STAMP,
    STEPPED,
    content,
    executions,
    reports,
    rerun,
    session_of,
    until_logged_out,
)

pytestmark = pytest.mark.integration

COPIED = PLAIN + '[[venue.session]]\nclient = "DROP"\nkind = "drop_copy"\nof = ["TRIMTAB"]\n'

# ---- copies


def test_a_drop_copy_session_hears_what_its_clients_heard(venue_process, raw_client):
    venues = venue_process(COPIED)
    client, other = raw_client(venues.port()), raw_client(venues.port(), name="OTHER")
    client.logon()
    other.logon()
    client.new_order("B1", 100, price="148.00")
    client.wait("8", t39="0")
    other.new_order("S1", 60, side="2", price="148.00")
    client.wait("8", t39="1")
    client.send("F", (11, "C1"), (41, "B1"), (55, "AAPL"), (54, "1"), (38, 100), (60, STAMP))
    client.wait("8", t39="4")
    client.send("F", (11, "C2"), (41, "B1"), (55, "AAPL"), (54, "1"), (38, 100), (60, STAMP))
    client.wait("9")

    drop = raw_client(venues.port(), name="DROP")
    drop.logon(reset=False)
    drop.send("2", (7, 1), (16, 0))
    drop.wait("9")
    drop.new_order("D1", 100)

    copies = [message for message in drop.received if message[35] in ("8", "9")]
    originals = [message for message in client.received if message[35] in ("8", "9")]
    extra = {797, 453, 448, 447, 452}
    assert [
        {tag: value for tag, value in content(message).items() if tag not in extra}
        for message in copies
    ] == [content(message) for message in originals]
    assert {message[448] for message in copies if message[35] == "8"} == {"TRIMTAB"}
    refusal = drop.wait("j")
    assert (refusal[372], refusal[380]) == ("D", "6")


# ---- faults and operators


def test_trades_are_busted_and_corrected_by_operators_and_the_file_says_so(
    venue_process, raw_client
):
    venues = venue_process(PLAIN)
    client = raw_client(venues.port())
    client.logon()
    for number in (1, 2):
        client.new_order(f"B{number}", 100, price="148.00")
        client.new_order(f"S{number}", 100, side="2", price="148.00")
    client.wait("8", t11="S2", t39="2")
    client.wait("8", t11="B2", t39="2")
    first, second = (m[17] for m in reports(client) if m[150] == "F" and m[11] in ("B1", "B2"))

    assert venues.ask("POST", "/venues/XSIM/bust", {"exec_id": first})[0] == 200
    bust = client.wait("8", t150="H", t11="B1")
    correct = {"exec_id": second, "price": "147.90"}
    assert venues.ask("POST", "/venues/XSIM/correct", correct)[0] == 200
    correction = client.wait("8", t150="G", t11="B2")
    status, error = venues.ask("POST", "/venues/XSIM/bust", {"exec_id": "NOPE"})
    _, answer = venues.ask("POST", "/venues/XSIM/end-of-day")

    assert (bust[19], bust[14], correction[19], correction[6]) == (first, "0", second, "147.9")
    assert status == 400
    assert "NOPE" in error["error"]
    rows = {row["exec_id"]: row for row in executions(answer["path"])}
    assert [row["exec_type"] for row in rows.values()] == list("FFFFHHGG")
    assert rows[bust[17]]["exec_ref_id"] == first
    assert (rows[correction[17]]["exec_ref_id"], rows[correction[17]]["last_px"]) == (
        second,
        "147.90",
    )


def test_a_session_goes_wrong_when_an_operator_says_so_and_comes_right_again(
    venue_process, raw_client
):
    venues = venue_process(PLAIN)
    client = raw_client(venues.port())
    client.logon(reset=False)

    def fault(name, **arguments):
        path = f"/venues/XSIM/sessions/TRIMTAB/{name}"
        status, answer = venues.ask("POST", path, arguments)
        assert status == 200, answer

    client.new_order("X1", 10, price="148.00")
    client.wait("8", t11="X1")
    fault("gap")
    client.new_order("X2", 10, price="148.00")
    client.new_order("X3", 10, price="148.00")
    assert client.wait("8")[11] == "X3"
    client.send("2", (7, 3), (16, 3))
    assert client.wait("8", t11="X2")[43] == "Y"
    fault("possible_duplicate")
    assert client.wait("8", t11="X3")[43] == "Y"
    fault("reset_sequence")
    reset = client.wait("4")
    assert reset[36] == "1"
    client.new_order("X4", 10, price="148.00")
    assert client.wait("8", t11="X4")[34] == "1"
    venues.kill()
    client.close()

    venues.start()
    again = raw_client(venues.port(), sequence=client.next_out)
    assert again.logon(reset=False)[34] == "2"
    again.send("2", (7, 1), (16, 0))
    assert again.wait("8")[11] == "X4"
    assert venues.ask("POST", "/venues/XSIM/sessions/TRIMTAB/slow", {})[0] == 400
    fault_path = "/venues/XSIM/sessions/TRIMTAB/disconnect"
    assert venues.ask("POST", fault_path)[0] == 200
    while again.next() is not None:
        pass


def test_lost_and_doubled_reports_come_by_script(venue_process, raw_client, tmp_path):
    (tmp_path / "faults.toml").write_text(
        '[[fault]]\ndo = "lose"\nreport = "new"\norder = 1\n'
        '[[fault]]\ndo = "duplicate"\nreport = "trade"\nclient = "TRIMTAB"\n'
        '[[fault]]\ndo = "late_fill"\n'
    )
    venues = venue_process('faults = "faults.toml"\n' + PLAIN)
    client = raw_client(venues.port())
    client.logon()

    client.new_order("B1", 10, price="148.00")
    client.new_order("S1", 10, side="2", price="148.00")
    client.wait("8", t11="B1", t150="F")
    client.new_order("B2", 10, price="147.00")
    client.send("F", (11, "C2"), (41, "B2"), (55, "AAPL"), (54, "1"), (38, 10), (60, STAMP))
    late = client.wait("8", t150="F", t31="147.00")

    said = [(message[11], message[150]) for message in reports(client)]
    assert said[:4] == [("S1", "0"), ("S1", "F"), ("S1", "F"), ("B1", "F")]
    assert (late[14], late[37]) == ("10", reports(client)[-2][37])
    _, answer = venues.ask("GET", "/faults")
    assert [one["happened"] for one in answer["faults"]["XSIM"]] == [1, 1, 1]


def test_a_delayed_report_survives_a_power_cut(venue_process, raw_client, tmp_path):
    """It was decided and not sent: it is on its way, and the restart knows."""
    (tmp_path / "faults.toml").write_text(
        '[[fault]]\ndo = "delay"\nreport = "new"\nseconds = 60\n'
        '[[fault]]\ndo = "overtake"\nchance = 0.5\nseconds = 3\njitter = 30\n'
    )
    venues = venue_process('faults = "faults.toml"\n' + STEPPED)
    client = raw_client(venues.port())
    client.logon(reset=False)
    for number in range(8):
        client.new_order(f"X{number}", 10, side="12"[number % 2], price="148.00")
    client.send("1", (112, "all"))
    client.wait("0")
    venues.kill()
    client.close()

    venues.start()
    again = raw_client(venues.port(), sequence=client.next_out)
    again.logon(reset=False)
    assert venues.ask("POST", "/clock/step", {"seconds": 90})[0] == 200
    again.send("1", (112, "all"))
    again.wait("0")

    before, after = reports(client), reports(again)
    assert len(before) + len(after) == 16
    assert len(after) > 0
    assert {m[11] for m in before + after if m[150] == "0"} == {f"X{n}" for n in range(8)}
    assert len({m[17] for m in before + after}) == 16


def test_a_venue_with_latency_answers_later_and_in_order(venue_process, raw_client):
    venues = venue_process(STEPPED + "latency = 2\nlatency_jitter = 1\n")
    client = raw_client(venues.port())
    client.logon()
    client.new_order("B1", 10, price="148.00")
    client.new_order("S1", 10, side="2", price="148.00")
    client.send("1", (112, "early"))
    client.wait("0")
    assert reports(client) == []

    assert venues.ask("POST", "/clock/step", {"seconds": 3})[0] == 200
    client.wait("8", t11="B1", t39="2")

    numbers = [int(message[17][-6:]) for message in reports(client)]
    assert numbers == sorted(numbers)
    assert venues.ask("GET", "/faults")[1] == {"faults": {"XSIM": []}}


# ---- the clock


DAY = """\
state_dir = "state"
[clock]
start = "2022-11-30T13:00:00Z"
stepped = true
[[venue]]
name = "XSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
replenish_interval = 20
call_time = "09:00"
open_time = "09:30"
closing_call_time = "15:50"
close_time = "16:00"
"""


def test_a_whole_day_with_both_auctions_passes_in_seconds(venue_process, raw_client, tmp_path):
    venues = venue_process(DAY)
    client = raw_client(venues.port())
    client.logon()

    def step(to):
        status, answer = venues.ask("POST", "/clock/step", {"to": f"2022-11-30T{to}Z"})
        assert status == 200, answer

    def phase():
        return venues.ask("GET", "/venues")[1]["venues"]["XSIM"]["phase"]

    assert phase() == "closed"
    client.new_order("EARLY", 100)
    assert client.wait("8", t11="EARLY")[103] == "2"
    step("14:10:00")
    assert phase() == "opening_call"
    client.new_order("OPEN", 100, (59, "2"), price="150.00")
    assert client.wait("8", t11="OPEN")[39] == "0"
    step("14:30:00")
    opened = client.wait("8", t11="OPEN", t150="F")
    assert opened[60] == "20221130-14:30:00.000"
    step("18:00:00")
    client.new_order("REST", 100, price="100.00")
    client.wait("8", t11="REST")
    step("21:05:00")
    expired = client.wait("8", t11="REST", t150="C")

    assert expired[60] == "20221130-21:00:00.000"
    rows = executions(tmp_path / "state" / "XSIM" / "XSIM_20221130_executions.csv")
    assert opened[17] in {row["exec_id"] for row in rows}
    assert venues.ask("POST", "/clock/step", {"seconds": -5})[0] == 400
    assert venues.ask("POST", "/clock/step", {"hours": 1})[0] == 400
    assert list((tmp_path / "state" / "checkpoints").glob("*.checkpoint"))


def test_one_seed_has_one_outcome(venue_process, raw_client):
    """Two processes, the same client messages at the same times: the same bytes but for a few."""

    def play(seed):
        venues = venue_process(STEPPED.replace("levels = 0", "levels = 4").replace("= 5", seed))
        client = raw_client(venues.port())
        client.logon()
        for place in range(12):
            client.new_order(f"X{place}", 400 + 37 * place, side="12"[place % 2])
            client.wait("8", t11=f"X{place}", t39="0")
            venues.ask("POST", "/clock/step", {"seconds": 0.7})
        client.send("1", (112, "end"))
        client.wait("0")
        client.close()
        venues.stop()
        venue_process.forget_state()
        return [
            {tag: value for tag, value in message.items() if tag not in (52, 10)}
            for message in reports(client)
        ]

    first = play("= 5")

    assert first == play("= 5")
    assert first != play("= 6")
    assert sum(Decimal(message.get(32, 0)) for message in first) > 1000


def test_a_clock_that_runs_by_itself_is_not_stepped(venue_process):
    venues = venue_process(PLAIN)

    status, answer = venues.ask("POST", "/clock/step", {"seconds": 5})

    assert status == 409
    assert "stepped = true" in answer["error"]
    assert venues.ask("GET", "/clock")[1]["now"].startswith("2022-11-30T20:44:5")


def test_a_fast_clock_brings_the_close_soon(venue_process, raw_client):
    fast = PLAIN.replace('50Z"\n', '50Z"\nspeed = 2000\n') + 'close_time = "16:00"\n'
    venues = venue_process(fast)
    client = raw_client(venues.port())
    client.logon()

    client.new_order("X1", 10, price="148.00")

    assert client.wait("8", t150="C")[60] == "20221130-21:00:00.000"
    client.close()
    assert venues.stop() == 0


# ---- doors


def test_a_password_is_asked_for_and_never_logged(venue_process, raw_client, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("open-sesame\n")
    secret.chmod(0o600)
    venues = venue_process(
        PLAIN + '[[venue.session]]\nclient = "SAFE"\nusername = "u"\npassword_file = "password"\n'
    )
    without = raw_client(venues.port(), name="SAFE")
    without.send("A", (98, 0), (108, 30))
    wrong = raw_client(venues.port(), name="SAFE")
    wrong.send("A", (98, 0), (108, 30), (553, "u"), (554, "wrong-guess"))
    right = raw_client(venues.port(), name="SAFE")

    assert [message[35] for message in (without.next(), wrong.next())] == ["5", "5"]
    until_logged_out(venues, "SAFE")
    right.next_out = session_of(venues, "SAFE")["next_in"]
    right.send("A", (98, 0), (108, 30), (553, "u"), (554, "open-sesame"))
    assert right.wait("A")[35] == "A"
    right.close()
    venues.stop()
    log = (tmp_path / "state" / "venues.log").read_text()
    assert "554=***" in log
    assert "open-sesame" not in log
    assert "wrong-guess" not in log


def test_a_password_that_others_may_read_refuses_the_start(venue_process, tmp_path):
    venues = venue_process(PLAIN)
    venues.stop()
    (tmp_path / "password").write_text("x\n")
    (tmp_path / "password").chmod(0o644)
    more = '[[venue.session]]\nclient = "SAFE"\npassword_file = "password"\n'
    venues.config.write_text(PLAIN + more)

    ended = rerun(venues)

    assert ended.returncode == 78
    assert f"run: chmod 600 {tmp_path / 'password'}" in ended.stderr


def test_the_door_refuses_web_pages_and_bad_json(venue_process):
    venues = venue_process(PLAIN)
    url = venues.ready["control"] + "/venues/XSIM/halt"

    def post(data, **headers):
        command = [sys.executable, "-c", _POST, url, data, json.dumps(headers)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return done.stdout.strip()

    assert post('{"symbol": "AAPL", "symbol": "LOTS"}').startswith("400")
    assert "'symbol' is there twice" in post('{"symbol": "AAPL", "symbol": "LOTS"}')
    assert post('{"quantity": NaN}').startswith("400")
    assert post("[" * 5000).startswith("400")
    assert post('{"symbol": "AAPL"}', Origin="http://example.org").startswith("403")
    assert post('{"symbol": "AAPL"}').startswith("200")


_POST = """
import json, sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), json.loads(sys.argv[3]))
try:
    answer = urllib.request.urlopen(request, timeout=5)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""
