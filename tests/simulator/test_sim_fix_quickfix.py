"""QuickFIX's own initiator, with its dictionaries, against our doors: FIX 4.4 and FIXT 1.1."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.fix.profile import SessionProfile, Version
from tests.simulator.sim_fix_peers import House, doors, report_on

INITIATOR = Path(__file__).with_name("sim_fix_initiator.py")


def run_client(house: House, version: Version, store: Path, *, orders: int, expected: int):
    arguments = [house.port, version.begin_string, store, orders, expected]
    done = subprocess.run(
        [sys.executable, INITIATOR, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.integration
@pytest.mark.parametrize("version", tuple(Version))
def test_quickfix_trades_leaves_and_gets_what_it_missed(version, tmp_path):
    profile = SessionProfile(venue="XSIM", client="CLIENT1", version=version)
    with doors(profile) as house:
        told = run_client(house, version, tmp_path, orders=20, expected=40)

        assert told["rejects"] == []
        assert [number for number, *_ in told["reports"]] == list(range(2, 42))
        assert len({exec_id for _, _, exec_id, _ in told["reports"]}) == 40

        house.wait_until(lambda: not house.session("CLIENT1").online)
        for number in range(3):
            house.do(lambda number=number: house.say(report_on(f"LATE{number}", "CLIENT1")))
        house.session("CLIENT1").faults.lose()
        again = run_client(house, version, tmp_path, orders=1, expected=5)

        assert again["rejects"] == []
        reports = again["reports"]
        assert [cl_ord_id for *_, cl_ord_id in reports[:3]] == ["LATE0", "LATE1", "LATE2"]
        assert all(duplicate for _, duplicate, *_ in reports[:3])
        assert {report[3][:2] for report in reports[3:]} == {"Q0"}
        assert len({report[2] for report in reports}) == 5


@pytest.mark.integration
def test_quickfix_recovers_from_what_a_network_does(tmp_path):
    """Lost, swapped, damaged messages: every report arrives once, in the order of the numbers."""
    profile = SessionProfile(venue="XSIM", client="CLIENT1")
    with doors(profile) as house:
        faults = house.session("CLIENT1").faults
        faults.lose(2)
        faults.swap(2)
        faults.damage(1)

        told = run_client(house, Version.FIX44, tmp_path, orders=30, expected=60)

        numbers = [number for number, *_ in told["reports"]]
        assert numbers == sorted(numbers)
        assert len({exec_id for _, _, exec_id, _ in told["reports"]}) == 60
        assert told["rejects"] == []
