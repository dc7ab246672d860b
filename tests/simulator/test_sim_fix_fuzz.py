"""Hostile clients against the running program: it lives, stays small, and others never notice."""

import json
import re
from pathlib import Path

from tests.simulator.sim_fix_fuzz import fuzz
from tests.simulator.sim_fix_peers import Client

CONFIG = """\
state_dir = "state"
[[venue]]
name = "XSIM"
clients = ["CLIENT1", "CLIENT2"]
prices = "prices.csv"
[venue.limits]
connections_per_second = 100000
"""
ATTACKS = 80


def test_hostile_clients_are_answered_and_an_honest_one_goes_on_trading(venue_process):
    venues = venue_process(CONFIG)
    honest = Client(venues.port(), "CLIENT1")
    honest.log_on((141, "Y"))
    resident = memory_kb(venues)

    fuzz(venues.port(), 20221130, ATTACKS, honest)

    assert memory_kb(venues) - resident < 30_000
    honest.close()
    assert venues.stop() == 0
    lines = (venues.config.parent / "state/venues.log").read_text().splitlines()
    told = {json.loads(line)["event"] for line in lines}
    assert {"message_rejected", "session_ended", "message_declined"} <= told
    assert "turn_failed" not in told


def memory_kb(venues) -> int:
    status = Path(f"/proc/{venues.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])
