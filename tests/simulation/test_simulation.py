"""Thousands of things go wrong under a seed, and nothing is lost, doubled or left unknown."""

import os
import subprocess
import sys

import pytest

from tests.simulation.many import play_all
from tests.simulation.plants import PLANTS
from tests.simulation.seeds import ground, play

_SEEDS = 20
_MOST = 400  # Seeds in which a planted bug must show.


def test_every_promise_holds_under_many_seeds():
    failed = [one for one in play_all(0, _SEEDS) if one.violation]

    assert not failed, "\n".join(
        f"seed {one.seed}: {one.violation}; python -m tests.simulation --seed {one.seed}"
        for one in failed
    )


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_caught(plant):
    assert any(one.violation for one in play_all(0, _MOST, plant=plant))


def test_a_seed_is_the_same_history_every_time():
    with ground() as here:
        first, second = play(3, here, tell=True), play(3, here, tell=True)

    assert first == second
    assert len(first.trace) > 100


def test_a_failing_seed_is_printed_and_the_exit_code_tells():
    """In another process too, where sets of texts have another order."""
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "2", "--plant", "blind_resend"]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}

    run = subprocess.run(
        [*command, "--workers", "2", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    assert run.returncode == 1
    assert run.stdout.startswith('{"seeds": 2, "events": ')
    assert "again with: python -m tests.simulation --seed 0" in run.stderr
