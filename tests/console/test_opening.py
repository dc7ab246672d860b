"""What a person waits for: commands that read import no engine, calendar or optimizer."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.clocks import SystemClock
from console.opening import clock_of, open_service, open_vault
from console.reading import VaultReading
from console.rules_at_start import rules_at_start
from domain.errors import UnknownNameError

HEAVY = ("quickfix", "apscheduler", "pandas", "exchange_calendars", "cvxpy", "starlette", "duckdb")


@pytest.mark.parametrize("arguments", [("runs",), ("orders",), ("audit", "verify"), ("positions",)])
def test_a_question_imports_nothing_heavy(installed, arguments):
    program = (
        "import sys; from console.main import main; code = main(sys.argv[2:]);"
        "print('heavy:', [n for n in sys.argv[1].split(',') if n in sys.modules]); sys.exit(code)"
    )
    command = ("-c", program, ",".join(HEAVY), "--config", str(installed.path), *arguments)

    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize(
    ("scope", "name", "known"),
    [
        ("venue", "XSIN", "XSIM, YSIM"),
        ("account", "H001-9", "trimtab positions"),
        ("strategy", "growht", "the model of an account"),
    ],
)
def test_a_halt_of_nothing_is_refused_because_it_would_look_like_safety(
    installed, scope, name, known
):
    with (
        open_service(installed, write=True) as service,
        pytest.raises(UnknownNameError, match=f"no {scope} '{name}', so nothing is halted") as no,
    ):
        service.halt(scope, name, "anna", "bad prices")

    assert known in str(no.value)


def test_a_halt_of_a_known_venue_is_in_force(installed):
    with open_service(installed, write=True) as service:
        service.halt("venue", "XSIM", "anna", "bad prices")

        assert [(kill.scope, kill.name) for kill in service.kills()] == [("venue", "XSIM")]


def test_many_differences_in_the_books_are_counted_rather_than_poured_out(installed):
    with open_vault(installed) as vault:
        reading = VaultReading(vault, SystemClock(), lambda: None, lambda: tuple("abcde"))

        verdict = reading.books_verify()

    assert (verdict.balanced, verdict.message) == (False, "a; b; c; and 2 more")


START = datetime(2022, 11, 30, 17, tzinfo=UTC)


def rehearsing(installed):
    return replace(installed, clock=replace(installed.clock, start=START))


def write_at(vault, at):
    vault.acquire()
    with vault.write() as uow:
        uow.audit.append(at=at, actor="anna", kind="files_ingested", subject="a.csv", body={})


def test_a_rehearsal_that_is_started_again_does_not_go_back(installed):
    config, later = rehearsing(installed), START + timedelta(minutes=30)
    with open_vault(config) as vault:
        vault.acquire()
        rules_at_start(vault, config.rules, START)
        write_at(vault, later)

        assert later <= clock_of(config, vault).now() < later + timedelta(minutes=1)


def test_a_rehearsal_whose_service_was_never_started_begins_where_it_is_told_to(installed):
    config = rehearsing(installed)
    with open_vault(config) as vault:
        write_at(vault, START + timedelta(minutes=30))

        assert START <= clock_of(config, vault).now() < START + timedelta(minutes=1)


def test_a_start_that_is_set_forward_is_where_a_rehearsal_goes_on(installed):
    config, later = rehearsing(installed), START + timedelta(hours=3)
    with open_vault(config) as vault:
        vault.acquire()
        rules_at_start(vault, config.rules, START)

        forward = replace(config, clock=replace(config.clock, start=later))
        assert clock_of(forward, vault).now() >= later
