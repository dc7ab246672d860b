"""What tests of the venues' program share: a venue, what its clients heard, how it ended."""

import csv
import subprocess
import sys
import time
from pathlib import Path

PLAIN = """\
seed = 5
state_dir = "state"
[clock]
start = "2022-11-30T20:44:50Z"
[[venue]]
name = "XSIM"
clients = ["TRIMTAB", "OTHER"]
prices = "prices.csv"
fee_per_share = 0.0035
levels = 0
"""
STEPPED = PLAIN.replace('50Z"\n', '50Z"\nstepped = true\n')
STAMP = "20221130-20:45:00"
HEADER_AND_TRAILER = {8, 9, 34, 35, 43, 49, 52, 56, 97, 122, 10}
ROOT = Path(__file__).parents[2]


def content(message):
    """A message without what belongs to its transmission."""
    return {tag: value for tag, value in message.items() if tag not in HEADER_AND_TRAILER}


def reports(client):
    return [message for message in client.received if message[35] == "8"]


def rerun(venues, **options):
    """Run the program until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "simulator", "--config", str(venues.config)],
        capture_output=True, text=True, timeout=20, check=False, cwd=ROOT, **options,
    )  # fmt: skip


def executions(path):
    with Path(path).open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["trade_date"] != "TRAILER"]


def read_more(client):
    try:
        return client.next(0.2) is not None
    except (TimeoutError, OSError):
        return False


def session_of(venues, name="TRIMTAB"):
    _, answer = venues.ask("GET", "/sessions")
    return next(one for one in answer["sessions"] if one["client"] == name)


def until_logged_out(venues, name="TRIMTAB"):
    deadline = time.monotonic() + 5
    while session_of(venues, name)["logged_on"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
