"""The scenarios again through jspurefix, a FIX engine of no relation, where Node has it.

`npm install` in tests/simulator/jspurefix installs it, or NODE_PATH names where it is.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.simulator.standard_client import MATRICES, Fields, StandardClient, paths
from tests.simulator.test_sim_scenarios_outside import VENUES, start

HERE = Path(__file__).parent / "jspurefix"
NODE = shutil.which("node")


def has_jspurefix() -> bool:
    """Whether Node finds the package, from the client's own folder or NODE_PATH."""
    if NODE is None:
        return False
    wanted = [NODE, "-e", "require.resolve('jspurefix')"]
    return subprocess.run(wanted, cwd=HERE, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.integration


class JsWire:
    """A jspurefix session in a process of its own, spoken to in lines of JSON."""

    def __init__(self, port: int, name: str) -> None:
        self.process = subprocess.Popen(
            [NODE, "client.js", str(port), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            env=dict(os.environ),
        )
        assert self.receive() == {35: "A"}

    def send(self, fields: Fields) -> None:
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Fields:
        line = self.process.stdout.readline()
        assert line, "jspurefix hung up"
        fields = {int(tag): value for tag, value in json.loads(line).items()}
        assert fields[35] not in {"3", "j"}, fields
        return fields

    def close(self) -> int:
        """Log out: the client does when nothing more is to be sent."""
        self.process.communicate(timeout=10)
        return self.process.returncode


@pytest.fixture
def wire(tmp_path):
    if not has_jspurefix():
        pytest.skip("Node with jspurefix is not installed")
    venue, ready = start(tmp_path, VENUES)
    opened = JsWire(ready["venues"]["XSIM"]["port"], "CLIENT2")
    yield opened
    opened.process.kill()
    venue.terminate()
    venue.communicate(timeout=10)


def test_every_scenario_is_certified_through_jspurefix(wire):
    last = {}
    for scenario in MATRICES:
        client = StandardClient(wire, scenario, f"{scenario['id']}.TEST", scenario["id"])
        last[scenario["id"]] = client.play(paths(scenario)[0][1])[58]

    assert wire.close() == 0
    assert len(last) == 57
    assert {name for name, text in last.items() if " certified: " not in text} == {"G.1.b"}
