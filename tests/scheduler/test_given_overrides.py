"""Overrides: counted, carried to later runs while they hold, and told in the same words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from domain.codec import decode, encode
from domain.compliance import CheckResult, Force, Verdict
from domain.orders import Side
from domain.runs import Step
from oms.basket import LONGEST, Override, OverrideRefusedError, carried, settle
from oms.explain.rules import answer_words
from scheduler import decisions
from scheduler.decisions import Decision
from tests.oms_orders.desk import AAPL, NOW, recommendation
from tests.scheduler.waiting import waiting
from vault import SqlVault

RUN_ID = UUID(int=7)
WANTED = (recommendation("A2", AAPL, Side.BUY, 20),)
BREACH = CheckResult(
    rule_id="sector",
    rule_type="GroupWeight",
    rule_version="v1",
    force=Force.OVERRIDABLE,
    verdict=Verdict.BREACH,
    subject="A2",
    security_ids=(),
    value=Decimal("0.3"),
    limit=Decimal("0.25"),
    sentence="Energy would be 30 %; the limit is 25 %",
    citation="policy",
)
TODAY = NOW.date()
UNTIL = TODAY + timedelta(days=30)


class StandingClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def vault(database_url, tmp_path):
    store = SqlVault(
        database_url, clock=StandingClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    yield store
    store.close()


def approved(vault, until: date | None) -> Decision:
    """A run in which olga lets A2's breach through."""
    run = waiting(RUN_ID)
    basket = settle("snapshot", WANTED, (BREACH,))
    override = Override("olga", "client asked", until)
    with vault.write() as uow:
        uow.runs.add(run)
        uow.runs.save_step(RUN_ID, Step.RECOMMEND, encode(WANTED), NOW)
        uow.runs.save_step(RUN_ID, Step.CHECK, encode(basket), NOW)
        decisions.request(uow, run, basket, "a breach", NOW)
        decisions.approve(
            uow, run, by="olga", why="looked", overrides={("sector", "A2"): override}, at=NOW
        )
    with vault.read() as view:
        return decode(Decision, view.runs.step(RUN_ID, Step.APPROVE))


def holding(vault, day: date):
    with vault.read() as view:
        return view.overrides.holding(day)


def test_an_override_is_for_its_own_run_unless_it_says_until_when(vault):
    approved(vault, None)

    with vault.read() as view:
        (given,) = view.overrides.all()
    assert (given.by, given.why, given.until) == ("olga", "client asked", None)
    assert given.sentence == BREACH.sentence
    assert holding(vault, TODAY) == ()


def test_it_counts_to_its_last_day_and_no_longer(vault):
    approved(vault, UNTIL)

    assert [one.account_id for one in holding(vault, UNTIL)] == ["A2"]
    assert holding(vault, UNTIL + timedelta(days=1)) == ()


def test_a_later_run_carries_it_while_the_rule_is_the_same(vault):
    approved(vault, UNTIL)
    given = holding(vault, TODAY)

    over = carried((BREACH,), given, TODAY)
    assert over == {("sector", "A2"): Override("olga", "client asked", UNTIL)}
    assert settle("later", WANTED, (BREACH,), over).held == ()

    others = (
        replace(BREACH, rule_version="v2"),
        replace(BREACH, subject="A3"),
        replace(BREACH, force=Force.HARD),
        replace(BREACH, verdict=Verdict.PASS),
    )
    assert [carried((other,), given, TODAY) for other in others] == [{}, {}, {}, {}]
    assert carried((BREACH,), given, UNTIL + timedelta(days=1)) == {}


def test_a_run_with_a_carried_override_still_needs_a_person_who_need_not_be_its_giver(vault):
    approved(vault, UNTIL)
    basket = settle("later", WANTED, (BREACH,), carried((BREACH,), holding(vault, TODAY), TODAY))
    later = waiting(UUID(int=8))
    with vault.write() as uow:
        uow.runs.add(later)
        uow.runs.save_step(later.run_id, Step.CHECK, encode(basket), NOW)
        decisions.request(uow, later, basket, "1 overridable breach (sector)", NOW)
        decisions.approve(uow, later, by="ben", why="as before", overrides={}, at=NOW)
    with vault.read() as view:
        decided = decode(Decision, view.runs.step(later.run_id, Step.APPROVE))

    assert [r.account_id for r in decided.basket.recommendations] == ["A2"]
    assert decided.basket.results[0].overridden_by == "olga"


@pytest.mark.parametrize("until", [TODAY - timedelta(days=1), TODAY + LONGEST + timedelta(days=1)])
def test_a_term_that_is_over_or_hardly_ends_is_refused_and_nothing_is_decided(vault, until):
    with pytest.raises(OverrideRefusedError, match=f"until {until} must be from {TODAY}"):
        approved(vault, until)

    with vault.read() as view:
        assert view.overrides.all() == ()


def test_the_words_of_years_ago_are_those_that_were_stored(vault):
    """Explaining takes the stored answer; no rule of today is asked."""
    decision = approved(vault, UNTIL)

    assert answer_words(decision.basket.results[0]) == (
        "sector v1 (overridable) BREACHED for A2: Energy would be 30 %; the limit is 25 % [policy];"
        f" overridden by olga: client asked (until {UNTIL})"
    )
