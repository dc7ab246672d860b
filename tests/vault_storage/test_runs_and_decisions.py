"""Runs, snapshots, approvals, kills and findings: events underneath, what stands on top."""

import zlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import insert

from domain.codec import encode
from domain.compliance import Verdict
from domain.errors import BadInputError, InvariantError, UnknownNameError
from domain.runs import ApprovalStatus, RunStatus, Step
from domain.snapshot import name_of
from tests.vault_storage.values import (
    AT,
    DAY,
    RUN,
    a_break,
    a_check,
    a_kill,
    a_run,
    a_snapshot,
    an_approval,
)
from vault.rebuild import differences
from vault.schema import snapshot

OTHER = UUID(int=7)
LATER = AT + timedelta(minutes=1)


@pytest.fixture
def uow(vault):
    with vault.write() as uow:
        yield uow
        assert differences(uow.connection) == ()


def test_a_run_is_found_as_it_was_last_updated(uow):
    uow.runs.add(a_run())
    done = a_run(status=RunStatus.DONE, finished_at=LATER, snapshot_id="f" * 64)

    uow.runs.update(done, LATER)

    assert uow.runs.get(RUN) == done
    assert uow.runs.with_status(RunStatus.RUNNING) == ()
    assert uow.runs.with_status(RunStatus.RUNNING, RunStatus.DONE) == (done,)


def test_recent_runs_come_newest_first(uow):
    older, newer = a_run(), a_run(OTHER, started_at=LATER)
    uow.runs.add(older)
    uow.runs.add(newer)

    assert uow.runs.recent(5) == (newer, older)
    assert uow.runs.recent(1) == (newer,)


def test_a_run_is_added_once_and_updated_only_when_there(uow):
    uow.runs.add(a_run())

    with pytest.raises(InvariantError, match="is there already"):
        uow.runs.add(a_run())
    with pytest.raises(UnknownNameError):
        uow.runs.update(a_run(OTHER), AT)


def test_the_newest_result_of_a_step_counts(uow):
    uow.runs.add(a_run())
    for document in ("{}", "{}", '{"orders":3}'):
        uow.runs.save_step(RUN, Step.CHECK, document, AT)

    assert uow.runs.step(RUN, Step.CHECK) == '{"orders":3}'
    assert uow.runs.step(RUN, Step.RELEASE) is None


def test_a_snapshot_is_stored_under_the_hash_of_its_content(uow):
    name = uow.snapshots.put(a_snapshot(), AT)
    again = uow.snapshots.put(a_snapshot(), LATER)

    assert name == again == name_of(a_snapshot())
    assert uow.snapshots.get(name) == a_snapshot()
    assert uow.snapshots.get("0" * 64) is None


def test_a_snapshot_with_other_content_than_its_name_is_not_read(uow):
    forged = replace(a_snapshot(), lots=())
    name = name_of(a_snapshot())
    uow.connection.execute(
        insert(snapshot).values(
            snapshot_id=name, as_of=DAY, taken_at=AT, payload=zlib.compress(encode(forged).encode())
        )
    )

    with pytest.raises(InvariantError, match="was changed"):
        uow.snapshots.get(name)


def test_a_second_person_decides(uow):
    uow.approvals.request(an_approval())
    answer = an_approval(
        status=ApprovalStatus.APPROVED, decided_by="bob", decided_at=LATER, decision_reason="fine"
    )

    assert uow.approvals.pending() == (an_approval(),)
    uow.approvals.decide(answer)

    assert uow.approvals.get(RUN) == answer
    assert uow.approvals.pending() == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"decided_by": "policy"}, InvariantError),  # Who asked.
        ({"decided_by": None}, InvariantError),
        ({"decided_by": "bob", "content_hash": "b" * 64}, BadInputError),
        ({"decided_by": "bob", "run_id": OTHER}, UnknownNameError),
    ],
)
def test_an_answer_that_does_not_fit_the_request_is_refused(uow, changes, error):
    uow.approvals.request(an_approval())

    with pytest.raises(error):
        uow.approvals.decide(an_approval(status=ApprovalStatus.APPROVED, **changes))

    assert uow.approvals.pending() == (an_approval(),)


def test_an_answer_is_final_until_other_content_is_asked_for(uow):
    uow.approvals.request(an_approval())
    rejected = an_approval(status=ApprovalStatus.REJECTED, decided_by="bob")
    uow.approvals.decide(rejected)

    with pytest.raises(BadInputError, match="rejected by bob already"):
        uow.approvals.decide(replace(rejected, status=ApprovalStatus.APPROVED, decided_by="eve"))
    uow.approvals.request(an_approval())
    assert uow.approvals.get(RUN) == rejected
    uow.approvals.request(an_approval(content_hash="b" * 64))
    assert uow.approvals.get(RUN).status is ApprovalStatus.PENDING


def test_a_kill_stands_until_it_is_lifted(vault):
    with vault.write() as uow:
        uow.kills.set(a_kill("venue", "XSIM"))
        uow.kills.set(a_kill())
        uow.kills.set(replace(a_kill(), by="eve"))
    with vault.read() as uow:
        assert uow.kills.active() == (a_kill("venue", "XSIM"), a_kill())

    with vault.write() as uow:
        assert uow.kills.lift("venue", "XSIM", "bob", LATER)
        assert not uow.kills.lift("venue", "YSIM", "bob", LATER)

    with vault.read() as uow:
        assert uow.kills.active() == (a_kill(),)


def test_a_kill_can_be_set_again_after_it_was_lifted(uow):
    uow.kills.set(a_kill())
    uow.kills.lift("firm", "", "bob", AT)
    again = replace(a_kill(), set_at=LATER, why="again")

    uow.kills.set(again)

    assert uow.kills.active() == (again,)


def test_newer_answers_of_a_rule_replace_older_ones(uow):
    """An override is a second answer to the same question; others stay as they were."""
    breach, other = a_check(), a_check("sector", security_ids=("US0378331005",))
    overridden = replace(breach, overridden_by="bob", override_reason="cash arrives today")
    uow.findings.add_checks(RUN, [breach, other], AT)

    uow.findings.add_checks(RUN, [overridden], LATER)

    assert set(uow.findings.checks(RUN)) == {overridden, other}
    assert uow.findings.checks(OTHER) == ()


def test_two_answers_of_one_call_both_stand(uow):
    first, second = (
        a_check(value=Decimal(1)),
        a_check(value=Decimal(2), verdict=Verdict.CANNOT_TELL),
    )

    uow.findings.add_checks(RUN, [first, second], AT)

    assert uow.findings.checks(RUN) == (first, second)


def test_a_break_found_twice_is_one_break(uow):
    uow.findings.add_breaks(RUN, [a_break(), a_break("A2 AAPL")], AT)
    uow.findings.add_breaks(RUN, [a_break(), a_break(ours="101")], LATER)
    uow.findings.add_breaks(None, [a_break()], LATER)

    assert uow.findings.breaks(RUN) == (a_break(), a_break("A2 AAPL"), a_break(ours="101"))
    assert len(uow.findings.breaks()) == 4
