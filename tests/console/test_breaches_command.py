"""`trimtab breaches` on a real store: what is open, how it came to be, how it ends."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console import opening
from console.api import create_app
from console.api_server import ApiServer
from console.client import ApiClient
from console.config import load_config
from console.initialise import initialise
from console.main import main
from console.secrets_file import create_token, read_token
from domain.cases import Case, CaseEvent, CaseKind, CaseStep
from domain.codec import encode
from domain.compliance import Force
from domain.errors import UnknownNameError
from domain.overrides import GivenOverride
from domain.runs import Run, RunStatus, Step, TriggerKind
from scheduler.cases import record
from tests.console.test_demo_promises import SUMMARY

NOW = datetime.now(UTC)
TODAY = NOW.date()


def case(rule_id: str, subject: str, kind: CaseKind, days: int) -> Case:
    return Case(
        rule_id=rule_id,
        rule_version="v1",
        force=Force.HARD,
        subject=subject,
        opened=TODAY - timedelta(days=9),
        due=TODAY + timedelta(days=days),
        sentence="31 % of the account; the limit is 30 %",
        citation="policy",
        kind=kind,
    )


CASES = (
    case("industry-drift", "A1", CaseKind.BREACH, 20),
    case("schedule-13d", "ALFA", CaseKind.FILING, -4),
    case("schedule-13d", "BRK/B", CaseKind.FILING, 30),
)
GIVEN = GivenOverride(
    rule_id="sector",
    rule_version="v1",
    account_id="A2",
    by="olga",
    why="client asked",
    run_id=UUID(int=7),
    given=NOW,
    until=TODAY + timedelta(days=3),
    sentence="Energy would be 30 %",
)
RUN = Run(
    run_id=UUID(int=7),
    trigger="month-end",
    kind=TriggerKind.MANUAL,
    due=NOW,
    why="test",
    account_ids=(),
    status=RunStatus.DONE,
    started_at=NOW,
)


@pytest.fixture
def path(tmp_path):
    """The configuration of an installation with three cases and an override."""
    initialise(tmp_path / "desk")
    path = tmp_path / "desk" / "trimtab.toml"
    steps = [CaseStep(what=CaseEvent.OPENED, case=one, words=one.sentence) for one in CASES]
    with opening.open_vault(load_config(path, {})) as vault, vault.write() as uow:
        record(uow, steps, NOW, by="oms", snapshot_id="5" * 64)
        uow.runs.add(RUN)
        uow.overrides.add([GIVEN])
    return path


@pytest.fixture
def call(path, capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--config", str(path), "breaches", *arguments])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


def test_the_most_urgent_stands_first_with_its_age(call):
    _, out, _ = call()

    first, second = out.splitlines()[1:3]
    assert first.startswith("schedule-13d:ALFA")
    assert "filing" in first
    assert f"{TODAY - timedelta(days=4)} overdue" in first
    assert second.startswith("industry-drift:A1")
    assert second.split()[3] == "9", "days that it is open"


def test_a_person_ends_a_filing_with_a_reason_and_it_is_no_longer_open(call):
    code, out, _ = call("close", "schedule-13d:ALFA", "--by", "anna", "--why", "filed 000-1")
    assert code == 0
    assert "closed by anna" in out

    found = json.loads(call("--open", "--json")[1])
    assert [one["subject"] for one in found] == ["A1", "BRK/B"]
    history = json.loads(call("--case", "schedule-13d:ALFA", "--json")[1])
    assert [(entry["step"]["what"], entry["by"]) for entry in history] == [
        ("opened", "oms"),
        ("closed", "anna"),
    ]
    assert "closed by anna: filed 000-1" in call("--case", "schedule-13d:ALFA")[1]
    code, _, err = call("close", "schedule-13d:ALFA", "--by", "ben", "--why", "again")
    assert code == 65
    assert "by anna already" in err


def test_a_case_that_is_not_there_is_refused_with_what_to_do(call):
    for arguments in (("--case", "none:A1"), ("close", "none:A1", "--by", "a", "--why", "w")):
        code, _, err = call(*arguments)
        assert code == 64
        assert "no case 'none:A1'; `trimtab breaches` lists them all" in err


def test_the_cases_of_a_run_are_those_that_it_left_and_those_that_it_closed(call, path):
    code, _, err = call("--run", "last")
    assert (code, "has not come to its end yet" in err) == (75, True)

    summary = replace(SUMMARY, run_id=RUN.run_id, cases=CASES[:1], cases_closed=CASES[1:2])
    with opening.open_vault(load_config(path, {})) as vault, vault.write() as uow:
        uow.runs.save_step(RUN.run_id, Step.RECONCILE, encode(summary), NOW)
    found = json.loads(call("--run", "last", "--json")[1])
    assert [one["rule_id"] for one in found] == [case.rule_id for case in CASES[:2]]
    assert len(call("--run", "last")[1].splitlines()) == 3


def test_a_case_is_not_closed_without_a_reason(call):
    code, _, err = call("close", "industry-drift:A1", "--by", "anna", "--why", " ")

    assert code == 65
    assert "--why" in err


def test_overrides_are_listed_and_counted(call):
    out = call("overrides")[1]

    assert "client asked" in out
    assert "1 given (sector 1); 1 still count in later runs" in out


def test_the_api_says_and_does_the_same(path, socket_settings, tmp_path):
    """Over a real socket: a name with a slash in it is one name."""
    create_token(tmp_path / "token")
    with opening.open_service(load_config(path, {}), write=True) as service:
        server = ApiServer(create_app(service, read_token(tmp_path / "token")), socket_settings)
        server.start()
        client = ApiClient(socket_settings, tmp_path / "token")
        try:
            assert client.cases(open_only=True) == service.cases(open_only=True)
            closed = client.close_case("schedule-13d:BRK/B", "anna", "filed 000-2")
            history = client.case("schedule-13d:BRK/B")

            assert (closed.closed_by, closed.closed_why) == ("anna", "filed 000-2")
            assert [entry.step.what for entry in history] == [CaseEvent.OPENED, CaseEvent.CLOSED]
            assert len(client.cases(open_only=True)) == 2
            assert client.overrides() == (GIVEN,)
            with pytest.raises(UnknownNameError, match="no case 'none:A1'"):
                client.case("none:A1")
        finally:
            server.stop()
