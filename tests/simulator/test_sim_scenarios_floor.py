"""Every matrix of the standard against the floor that plays our scripts, without a wire."""

from fractions import Fraction

import pytest

from simulator.scenarios.library import read_library
from simulator.scenarios.player import ScenarioFloor
from tests.simulator.floor_wire import FloorWire
from tests.simulator.standard_client import MATRICES, StandardClient, paths

LIBRARY = read_library()


def variants(scenario: dict) -> list[str]:
    """The scripts of a scenario: itself, then its variants in the order of their files."""
    return [s.id for s in LIBRARY.scripts if scenario["id"] in {s.id, s.variant_of}]


def every_path() -> list:
    return [
        pytest.param(scenario, steps, name, id=name)
        for scenario in MATRICES
        for (_, steps), name in zip(paths(scenario), variants(scenario), strict=True)
    ]


@pytest.mark.parametrize(("scenario", "steps", "name"), every_path())
def test_the_floor_says_what_the_standard_says(scenario, steps, name):
    wire = FloorWire(ScenarioFloor("XSIM", LIBRARY))

    last = StandardClient(wire, scenario, f"{name}.TEST", "C").play(steps)

    assert wire.inbox == []
    assert wire.floor.next_due() is None
    (play,) = wire.floor.view(("scenarios",))["plays"]
    assert play["verdict"] == f"{name} certified: every message was as the standard says"
    assert last[58].endswith(play["verdict"])


@pytest.mark.parametrize("scenario", MATRICES, ids=lambda scenario: scenario["id"])
def test_figures_grow_with_the_quantity_of_the_order(scenario):
    """The smallest quantity that keeps every figure whole, and one that is no round number."""
    script = LIBRARY.find(scenario["id"])
    for quantity in (script.multiple, script.multiple * 7):
        wire = FloorWire(ScenarioFloor("XSIM", LIBRARY))
        scale = Fraction(quantity, script.base)

        StandardClient(wire, scenario, f"{script.id}.TEST", "C", scale).play(paths(scenario)[0][1])

        (play,) = wire.floor.view(("scenarios",))["plays"]
        assert " certified: " in play["verdict"]


def test_every_matrix_of_the_standard_has_a_script_with_its_names():
    scripts = {script.id: script for script in LIBRARY.scripts if not script.variant_of}

    assert len(scripts) == 57
    for scenario in MATRICES:
        older = scenario.get("id42", "")
        suffix = "/4.2" if scenario["id"].endswith("/4.2") else ""
        assert set(scripts[scenario["id"]].names) == ({older + suffix} if older else set())
