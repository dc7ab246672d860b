"""Power cuts at any moment, and on which state the program refuses to start again."""

import contextlib
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.simulator.program_talk import (
    PLAIN,
    ROOT,
    STAMP,
    STEPPED,
    content,
    executions,
    read_more,
    reports,
    rerun,
    session_of,
    until_logged_out,
)

pytestmark = pytest.mark.integration


def test_nothing_is_lost_or_doubled_over_power_cuts_at_any_moment(venue_process, raw_client):
    """A client that counts: it trades with itself while the venue is killed again and again."""
    draw = random.Random(1)
    venues = venue_process(PLAIN)
    kept, number, next_in, next_out = {}, 0, 1, 1
    for _ in range(6):
        client = raw_client(venues.port(), sequence=next_out)
        client.logon(reset=False)
        if next_in > 1:
            client.send("2", (7, 1), (16, 0))
        for _ in range(draw.randint(1, 60)):
            number += 1
            client.new_order(f"X{number}", 10, side="12"[number % 2], price="148.00")
        read_for(client, draw.random() / 10)
        venues.kill()
        while read_more(client):
            pass
        for message in reports(client):
            known = kept.setdefault(int(message[34]), message)
            assert content(known) == content(message), "said once, said for ever"
        next_in = max([next_in, *(int(message[34]) + 1 for message in client.received)])
        client.close()
        venues.start()
        next_out = session_of(venues)["next_in"]

    client = raw_client(venues.port(), sequence=next_out)
    assert int(client.logon(reset=False)[34]) >= next_in, "no number is used twice"
    client.send("2", (7, 1), (16, 0))
    client.new_order("LAST", 10, symbol="LOTS", price="20.00")
    client.wait("8", t11="LAST")
    status, answer = venues.ask("POST", "/venues/XSIM/end-of-day")

    assert status == 200
    said = reports(client)
    by_number = {int(message[34]): message for message in said}
    assert all(content(by_number[n]) == content(message) for n, message in kept.items())
    assert all(message[43] == "Y" for message in said if message[11] != "LAST")
    adds_up(said, executions(answer["path"]))


def adds_up(said, rows):
    """Every execution once, on the wire as in the file; every order as full as its fills."""
    assert set(Counter(message[17] for message in said).values()) == {1}
    news = [message[11] for message in said if message[150] == "0"]
    assert len(news) == len(set(news)) > 10
    fills = [message for message in said if message[150] == "F"]
    assert {row["exec_id"] for row in rows} == {message[17] for message in fills}
    for name in news:
        own = [message for message in fills if message[11] == name]
        assert sum(int(message[32]) for message in own) == (int(own[-1][14]) if own else 0)


def read_for(client, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(TimeoutError):
            if client.next(0.02) is None:
                return


@pytest.mark.parametrize("point", ["before_journal", "after_journal", "after_sending"])
def test_a_crash_at_each_point_of_a_turn_is_survived(venue_process, raw_client, tmp_path, point):
    """The order is asked for again, or its report is: never neither, never both."""
    (tmp_path / "faults.toml").write_text(f'[[fault]]\ndo="crash"\norder=2\npoint="{point}"\n')
    venues = venue_process('faults = "faults.toml"\n' + PLAIN)
    client = raw_client(venues.port())
    client.logon(reset=False)
    client.new_order("X1", 10, price="148.00")
    client.wait("8", t11="X1")
    client.new_order("X2", 10, price="148.00")
    while read_more(client):
        pass
    venues.kill()
    assert venues.process.returncode == 137
    got_it = any(message.get(11) == "X2" for message in client.received)
    client.close()

    venues.start()
    again = raw_client(venues.port(), sequence=client.next_out)
    answer = again.logon(reset=False)

    assert got_it == (point == "after_sending")
    if point == "before_journal":
        assert again.wait("2")[7] == "3"  # The number of X2.
        old = [(43, "Y"), (122, "20221130-20:44:50")]
        order = [(11, "X2"), (55, "AAPL"), (54, "1"), (60, STAMP), (38, 10), (40, "2"), (44, 148)]
        again.send("D", *order, sequence=3, header=old)
        again.send("4", (123, "Y"), (36, 5), sequence=4, header=old)
    else:
        assert answer[34] == "4"
        again.send("2", (7, 3), (16, 3))
    assert again.wait("8", t11="X2", t150="0")[34] in ("3", "5")
    again.new_order("X3", 10, price="148.00")
    assert again.wait("8", t11="X3")[39] == "0"


def test_a_restart_in_the_middle_changes_no_byte_of_what_follows(venue_process, raw_client):
    """Two days alike, one of them with a kill and a clean stop in it."""

    def play(stops):
        venues = venue_process(STEPPED.replace("levels = 0", "levels = 3"))
        said, next_out = [], 1
        for part in range(3):
            client = raw_client(venues.port(), sequence=next_out)
            client.logon(reset=False)
            for place in range(5):
                client.new_order(f"X{part}{place}", 700 * (place + 1), side="12"[place % 2])
                client.wait("8", t11=f"X{part}{place}")
                assert venues.ask("POST", "/clock/step", {"seconds": 0.6})[0] == 200
            client.send("1", (112, "end"))
            client.wait("0")
            said += [content(message) for message in reports(client)]
            next_out = client.next_out
            client.close()
            until_logged_out(venues)
            if part < len(stops):
                stops[part](venues)
                venues.start()
        assert venues.stop() == 0
        return said

    undisturbed = play(())
    venue_process.forget_state()
    disturbed = play((lambda venues: venues.kill(), lambda venues: venues.stop()))

    assert len(undisturbed) > 30
    assert disturbed == undisturbed


def test_a_damaged_journal_refuses_the_start_and_is_named(venue_process, raw_client, tmp_path):
    venues = venue_process(PLAIN)
    client = raw_client(venues.port())
    client.logon(reset=False)
    client.new_order("X1", 10, price="148.00")
    client.wait("8", t39="0")
    venues.kill()
    journal = tmp_path / "state" / "journal" / "000001.journal"
    octets = bytearray(journal.read_bytes())
    octets[octets.index(b"11=X1") + 3] ^= 1
    journal.write_bytes(octets)

    ended = rerun(venues)

    assert ended.returncode == 65
    assert re.search(r"000001\.journal: the record at byte \d+ is damaged; restore", ended.stderr)
    assert "Traceback" not in ended.stderr


def test_state_of_an_earlier_program_refuses_the_start(venue_process, tmp_path):
    """It would begin at sequence number 1, and every client would be turned away."""
    venues = venue_process(PLAIN)
    venues.stop()
    old = tmp_path / "state" / "XSIM" / "journal.jsonl"
    old.parent.mkdir(exist_ok=True)
    old.write_text("{}\n")

    ended = rerun(venues)

    assert ended.returncode == 65
    assert f"{old}: this state is of an earlier program; move" in ended.stderr


def test_a_full_disk_ends_the_process_before_anything_unsaid_is_sent(venue_process, raw_client):
    """As RLIMIT_FSIZE lets us try: the journal may not grow any more."""
    venues = venue_process(PLAIN)
    venues.stop()
    limited = [sys.executable, "-c", _LIMITED, str(venues.config)]
    with subprocess.Popen(
        limited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        port = json.loads(process.stdout.readline())["venues"]["XSIM"]["port"]
        client = raw_client(port)
        client.logon(reset=False)
        for number in range(100):
            with contextlib.suppress(OSError):
                client.new_order(f"X{number}", 10, price="148.00")
        while read_more(client):
            pass
        assert process.wait(5) == 74
        assert "File too large" in process.stderr.read()

    venues.start()
    again = raw_client(venues.port(), sequence=session_of(venues)["next_in"])
    # A process that ends resets its connections: what the client had not read by then is lost.
    assert int(again.logon(reset=False)[34]) > int(client.received[-1][34])


_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
from simulator.running.main import main
sys.exit(main(["--config", sys.argv[1]]))
"""


def test_other_rules_than_those_of_the_journal_refuse_the_start(venue_process, raw_client):
    """A fee that is changed in the middle of a day would tell clients another story."""
    venues = venue_process(PLAIN)
    client = raw_client(venues.port())
    client.logon(reset=False)
    client.new_order("B1", 10, price="148.00")
    client.new_order("S1", 10, side="2", price="148.00")
    client.wait("8", t39="2")
    venues.kill()
    venues.config.write_text(PLAIN.replace("0.0035", "0.0099"))

    ended = rerun(venues)

    assert ended.returncode == 65
    assert "does not happen again" in ended.stderr
    assert "12=0.10" in ended.stderr  # What it would say now.
    venues.config.write_text(PLAIN)
    assert venues.start().stop() == 0


def test_a_venue_that_was_stopped_in_order_begins_a_new_day_with_other_rules(
    venue_process, raw_client
):
    """Sequence numbers, executions and ids go on; orders that are open are not forgotten."""
    venues = venue_process(PLAIN)
    client = raw_client(venues.port())
    client.logon(reset=False)
    client.new_order("B1", 10, price="148.00")
    client.new_order("S1", 10, side="2", price="148.00")
    client.wait("8", t11="B1", t39="2")
    client.new_order("B2", 10, price="148.00")
    client.wait("8", t11="B2")
    known = reports(client)
    client.close()
    assert venues.stop() == 0
    other = PLAIN.replace("0.0035", "0.0099")
    venues.config.write_text(other)

    refused = rerun(venues)
    venues.config.write_text(PLAIN)
    venues.start().ask("POST", "/venues/XSIM/end-of-day")
    venues.stop()
    venues.config.write_text(other)
    venues.start().ask("POST", "/venues/XSIM/open")
    venues.kill()
    venues.start()
    again = raw_client(venues.port(), sequence=client.next_out)
    again.logon(reset=False)
    again.send("2", (7, 1), (16, 0))
    again.new_order("B3", 100, price="148.00")
    again.new_order("S3", 100, side="2", price="148.00")
    again.wait("8", t11="B3", t39="2")

    assert refused.returncode == 65
    assert "orders are open (1 at XSIM)" in refused.stderr
    said = reports(again)
    assert [content(message) for message in said[: len(known)]] == [content(m) for m in known]
    assert said[-1][12] == "0.99"
    assert len({message[17] for message in said}) == len(said)
    assert {message[37] for message in said} == {f"XSIM-00000{number}" for number in range(1, 6)}
    _, answer = venues.ask("POST", "/venues/XSIM/end-of-day")
    assert {row["fee"] for row in executions(answer["path"])} == {"0.04", "0.99"}


# ---- dark pool and broker

TOWN = (
    STEPPED.replace("levels = 0", "levels = 4")
    + """
[[venue]]
name = "POOL"
kind = "dark"
priced_by = "XSIM"
clients = ["TRIMTAB", "OTHER"]
prices = "prices.csv"
[[venue]]
name = "BROK"
kind = "broker"
works_on = ["XSIM"]
clients = ["TRIMTAB"]
fee_per_share = 0.01
slice_interval = 2
"""
)


def test_a_town_of_venues_goes_on_after_power_cuts(venue_process, raw_client):
    """A parent worked on the exchange and a cross in the pool, with and without power cuts."""
    said, rows = town(venue_process, raw_client, cuts=False)

    assert town(venue_process, raw_client, cuts=True) == (said, rows)
    lit, pool, broker = rows
    filled = [m for name, m in said if name == "BROK" and m[150] == "F"]
    assert shares(filled, 32) == shares(broker, "last_qty") == 600
    assert shares([one for one in lit if one["client"].startswith("BROK~")], "last_qty") == 600
    assert [row["last_qty"] for row in pool] == ["30", "30"]


def shares(rows, field):
    return sum(int(row[field]) for row in rows)


def town(venue_process, raw_client, *, cuts):
    """What the clients of three venues hear in half a minute, and the end-of-day files."""
    venues = venue_process(TOWN)
    said, next_out = [], {"BROK": 1, "POOL": 1}
    for part in range(3):
        clients = {
            name: raw_client(venues.port(name), venue=name, sequence=next_out[name])
            for name in next_out
        }
        for client in clients.values():
            client.logon(reset=False)
        if part == 0:
            clients["BROK"].new_order("P1", 600, (847, 1000), (126, "20221130-20:45:20"))
            clients["POOL"].new_order("M1", 50)
        if part == 1:
            clients["POOL"].new_order("M2", 30, side="2")
        for client in clients.values():  # Everything is read before the clock moves.
            client.send("1", (112, "read"))
            client.wait("0", t112="read")
        for _ in range(4):
            assert venues.ask("POST", "/clock/step", {"seconds": 3})[0] == 200
        for name, client in clients.items():
            client.send("1", (112, "all"))
            client.wait("0", t112="all")
            said += [(name, content(m)) for m in reports(client)]
            next_out[name] = client.next_out
        hang_up(venues, clients.values(), cut=cuts)
    paths = [venues.ask("POST", f"/venues/{one}/end-of-day")[1]["path"] for one in TOWN_NAMES]
    rows = [executions(path) for path in paths]
    assert venues.stop() == 0
    venue_process.forget_state()
    return said, rows


def hang_up(venues, clients, *, cut):
    if cut:
        venues.kill()
    for client in clients:
        client.close()
    if cut:
        venues.start()
    until_all_logged_out(venues)


TOWN_NAMES = ("XSIM", "POOL", "BROK")


def until_all_logged_out(venues):
    deadline = time.monotonic() + 5
    while any(one["logged_on"] for one in venues.ask("GET", "/sessions")[1]["sessions"]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
