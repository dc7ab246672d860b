"""Decisions on the real store: what is decided is stored with what it lets go, and only once."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from domain.codec import decode, encode
from domain.compliance import CheckResult, Force, Verdict
from domain.orders import Side
from domain.recommendations import Basket, Recommendation
from domain.runs import ApprovalStatus, Run, RunStatus, Step
from oms.approval import AlreadyDecidedError, ApprovalRefusedError, SelfApprovalError
from oms.basket import Override, OverrideRefusedError, settle
from scheduler import decisions
from scheduler.decisions import Decision, NotAwaitedError
from tests.oms_orders.desk import AAPL, KO, NOW, recommendation
from tests.scheduler.waiting import waiting
from vault.store import SqlVault

RUN_ID = UUID(int=7)
WANTED = (
    recommendation("A1", AAPL, Side.BUY, 10),
    recommendation("A2", AAPL, Side.BUY, 20),
    recommendation("A3", KO, Side.SELL, 5),
)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def breach(account: str, rule: str, force: Force) -> CheckResult:
    return CheckResult(
        rule_id=rule,
        rule_type="GroupWeight",
        force=force,
        verdict=Verdict.BREACH,
        subject=account,
        security_ids=(),
        value=Decimal("0.3"),
        limit=Decimal("0.25"),
        sentence="too much",
        citation="policy",
    )


RESULTS = (breach("A2", "sector", Force.OVERRIDABLE), breach("A3", "issuer", Force.HARD))


@pytest.fixture
def vault(new_sqlite_url, tmp_path):
    store = SqlVault(
        new_sqlite_url(), clock=RealClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    yield store
    store.close()


@pytest.fixture
def run(vault) -> Run:
    """A run that waits for a person: A2 and A3 are held."""
    due = waiting(RUN_ID)
    basket = settle("snapshot", WANTED, RESULTS)
    with vault.write() as uow:
        uow.runs.add(due)
        uow.runs.save_step(RUN_ID, Step.RECOMMEND, encode(WANTED), NOW)
        uow.runs.save_step(RUN_ID, Step.CHECK, encode(basket), NOW)
        decisions.request(uow, due, basket, "too large", NOW)
    return due


def decided(vault) -> Decision | None:
    with vault.read() as view:
        stored = view.runs.step(RUN_ID, Step.APPROVE)
    return None if stored is None else decode(Decision, stored)


def accounts(trades: tuple[Recommendation, ...]) -> list[str]:
    return [trade.account_id for trade in trades]


def approve(vault, run, *, by="olga", why="looked", overrides=None):
    with vault.write() as uow:
        return decisions.approve(uow, run, by=by, why=why, overrides=overrides or {}, at=NOW)


def test_an_approval_lets_go_what_was_checked_and_no_more(vault, run):
    approve(vault, run)

    found = decided(vault)
    assert found is not None
    assert (found.by, found.why) == ("olga", "looked")
    assert accounts(found.basket.recommendations) == ["A1"]
    assert [held.account_id for held in found.basket.held] == ["A2", "A3"]


def test_an_override_lets_that_account_go_and_is_written_down(vault, run):
    approval = approve(vault, run, overrides={("sector", "A2"): Override("olga", "client asked")})

    found = decided(vault)
    assert found is not None
    assert accounts(found.basket.recommendations) == ["A1", "A2"]
    assert approval.released_hash == found.basket.content_hash != approval.content_hash
    with vault.read() as view:
        entry = view.audit.about(RUN_ID.hex)[-1]
    assert (entry.actor, entry.kind) == ("olga", "run_approved")
    assert "client asked" in entry.body


def test_a_hard_rule_stands_and_the_refused_decision_leaves_no_trace(vault, run):
    with pytest.raises(OverrideRefusedError, match="hard rule"):
        approve(vault, run, overrides={("issuer", "A3"): Override("olga", "please")})

    assert decided(vault) is None
    with vault.read() as view:
        assert view.approvals.get(RUN_ID).status is ApprovalStatus.PENDING


def test_the_requester_cannot_approve(vault, run):
    with pytest.raises(SelfApprovalError):
        approve(vault, run, by=decisions.REQUESTER)


def test_whoever_started_a_run_by_hand_is_not_its_second_person(vault, run):
    fired = replace(run, run_id=UUID(int=77))
    with vault.write() as uow:
        uow.runs.add(fired)
        hexed = fired.run_id.hex
        uow.audit.append(at=NOW, actor="Olga", kind="trigger_fired", subject=hexed, body={})
        uow.runs.save_step(fired.run_id, Step.CHECK, uow.runs.step(run.run_id, Step.CHECK), NOW)
        basket = decode(Basket, uow.runs.step(run.run_id, Step.CHECK))

        asked = decisions.request(uow, fired, basket, "36 orders", NOW)

    assert asked.requested_by == "Olga"
    with pytest.raises(SelfApprovalError, match="ask a second person"):
        approve(vault, fired, by="olga")
    approve(vault, fired, by="ben")


def test_a_decision_is_made_once(vault, run):
    approve(vault, run)

    with pytest.raises(AlreadyDecidedError):
        approve(vault, run, by="ben")


def test_a_rejection_ends_the_run_with_its_reason(vault, run):
    with vault.write() as uow:
        decisions.reject(uow, run, by="olga", why="client called", at=NOW)

    assert decided(vault) is None
    with vault.read() as view:
        stored, approval = view.runs.get(RUN_ID), view.approvals.get(RUN_ID)
    assert (stored.status, stored.finished_at) == (RunStatus.REJECTED, NOW)
    assert (approval.status, approval.decision_reason) == (ApprovalStatus.REJECTED, "client called")


def test_a_rejection_needs_a_reason(vault, run):
    with pytest.raises(ApprovalRefusedError, match="reason"), vault.write() as uow:
        decisions.reject(uow, run, by="olga", why=" ", at=NOW)


def test_a_run_that_waits_for_nobody_cannot_be_decided(vault):
    other = replace(waiting(UUID(int=8)), status=RunStatus.RUNNING)
    with vault.write() as uow:
        uow.runs.add(other)

    with pytest.raises(NotAwaitedError, match="trimtab approvals"):
        approve(vault, other)
