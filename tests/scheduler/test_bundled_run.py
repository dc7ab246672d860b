"""A run on the bundled book, up to the second person's desk and back.

The optimizer knows each mandate and not the firm's rules: the book plants one account of
every kind that the rules then hold or warn of, and nothing else may be in their way.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from console.rule_preview import preview_of
from console.stored_run import StoredRun, load
from domain.compliance import Force, Verdict
from domain.errors import NotDueError
from domain.orders import OrdStatus, Side
from domain.ports import SessionState
from domain.proposals import Outcome
from domain.recommendations import Recommendation
from domain.runs import ApprovalStatus, Run, RunStatus
from oms.approval import ApprovalPolicy
from oms.basket import Override, OverrideRefusedError, Overrides
from oms.blocks import BlockSettings
from oms.compliance.load import load_rules
from oms.compliance.rule_set import read_rule_set
from oms.release import Releaser
from oms.release_settings import ReleaseSettings
from oms.rules_in_force import take_over as take_rules_over
from oms.take_over import take_over
from scheduler import decisions
from scheduler.desk import Desk
from scheduler.pool import OptimizerPool
from scheduler.residuals import TRIGGER, ResidualPolicy
from scheduler.run import Runner
from scheduler.summary import BreachCount, count_breaches
from scheduler.ticker import Ticker
from scheduler.triggers import CalendarSchedule, Day, from_table
from tests.oms_orders.desk import LIMITS, SetClock, SilentWire
from tests.plain_routing import without_rules
from vault import SqlVault
from vault.intake import Intake

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
MONTH_END = {"name": "month-end", "kind": "manual"}

HARD, WARNED = "8713-2698", "Z47-235868"
OVERRIDABLE = ("8758-2143", "Z47-263441")
ISSUER, SECTOR, INDUSTRY = "issuer-concentration", "sector-concentration", "industry-concentration"
OVERRIDE = Override("olga", "the client agreed in writing")


DESK = Desk(
    rules=(),
    policy=ApprovalPolicy(max_orders=1000, max_notional=Decimal(10**9)),
    blocks=BlockSettings(limit_collar=Decimal("0.005")),
    routing=without_rules(Decimal("0.005")),
    venues=frozenset({"XSIM", "YSIM"}),
)


class StandingClock:
    def now(self) -> datetime:
        return NOW


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class DeadWire:
    """A wire that nobody may touch: no order goes out before a decision."""

    def wake(self) -> None:
        raise AssertionError("an order was queued")

    def sessions(self) -> tuple[SessionState, ...]:
        raise AssertionError("nobody needs the wire yet")

    def unsupported(self, _intent) -> None:
        return None


def open_vault(path: Path) -> SqlVault:
    anchor = path.with_suffix(".anchor")
    return SqlVault(f"sqlite:///{path}", clock=RealClock(), holder="test", anchor_path=anchor)


@pytest.fixture(scope="module")
def waiting(sqlite_template, tmp_path_factory) -> Path:
    """A folder with the database of a run that waits for a decision; tests get copies."""
    folder = tmp_path_factory.mktemp("waiting")
    shutil.copyfile(sqlite_template, folder / "book.db")
    vault = open_vault(folder / "book.db")
    with vault.write() as uow:
        Intake(DATA / "layouts").ingest(
            uow, [DATA / "book", DATA / "custodians"], at=NOW, replace=False
        )
        take_over(uow, NOW.date(), NOW)
    walk(vault)
    vault.close()
    return folder


def walk(vault: SqlVault) -> None:
    clock, triggers = StandingClock(), [from_table(MONTH_END, where="test:1")]
    run = Ticker(vault, clock, triggers, lambda _run_id: None).fire("month-end", (), "karl")
    settings = ReleaseSettings(wave_timeout=timedelta(seconds=1))
    with OptimizerPool(2) as pool:
        runner = Runner(
            vault=vault,
            clock=clock,
            optimizer=pool,
            desk=DESK,
            releaser=Releaser(vault, DeadWire(), clock, settings, LIMITS),
        )
        runner.use_rules(load_rules(DATA / "rules.toml"))  # Agreed to while the service runs.
        assert runner.walk(run.run_id).status is RunStatus.AWAITING_APPROVAL


@pytest.fixture
def vault(waiting, tmp_path) -> Iterator[SqlVault]:
    shutil.copytree(waiting, tmp_path / "copy")
    store = open_vault(tmp_path / "copy" / "book.db")
    yield store
    store.close()


@pytest.fixture(scope="module")
def found(waiting) -> StoredRun:
    """Everything that is stored of the run that waits."""
    vault = open_vault(waiting / "book.db")
    run = stored(vault)
    vault.close()
    return run


def stored(vault: SqlVault) -> StoredRun:
    with vault.read() as view:
        (run,) = view.runs.recent(10)
        return load(view, run)


def approve(vault: SqlVault, run: Run, overrides: Overrides) -> None:
    with vault.write() as uow:
        decisions.approve(uow, run, by="olga", why="looked", overrides=overrides, at=NOW)


def trades_of(
    trades: Sequence[Recommendation], *account_ids: str
) -> set[tuple[str, str, Side, Decimal]]:
    """The trades of these accounts, or of all."""
    return {
        (trade.account_id, trade.symbol, trade.side, trade.quantity)
        for trade in trades
        if trade.account_id in account_ids or not account_ids
    }


def explained(run: StoredRun, account_id: str) -> str:
    explanation = run.of_account(account_id, others=(), signed={})
    assert explanation.is_complete
    return "\n".join(explanation.lines())


def test_every_kind_of_answer_is_there_and_only_where_it_was_planted(found):
    assert {(r.rule_id, r.force, r.subject) for r in found.basket.results} == {
        (ISSUER, Force.HARD, HARD),
        *((SECTOR, Force.OVERRIDABLE, account) for account in OVERRIDABLE),
        (INDUSTRY, Force.SOFT, WARNED),
    }
    assert count_breaches(found.basket.results) == BreachCount(
        hard=1, overridable=2, soft=1, overridden=0
    )
    assert [held.account_id for held in found.basket.held] == [HARD, *OVERRIDABLE]


def test_the_limits_are_passed_by_more_than_rounding(found):
    """The plan does not hang on the optimizer's last digits: a breach is a percent or more."""
    for result in found.basket.results:
        assert result.value - result.limit > result.limit / 25, result.sentence


def test_the_mandate_allows_what_the_firm_does_not(found):
    answers = {check.rule_id: check.verdict for check in found.checks if check.subject == HARD}

    assert answers["client-name-maximum"] is Verdict.PASS
    assert {rule for rule, verdict in answers.items() if verdict is not Verdict.PASS} == {ISSUER}


def test_all_other_accounts_trade_but_the_infeasible_one(found):
    outcomes = [proposal.outcome for proposal in found.proposals]
    trading = {trade.account_id for trade in found.basket.recommendations}
    assert len(outcomes) == 54
    assert outcomes.count(Outcome.INFEASIBLE) == 1
    assert len(trading) == 50
    assert WARNED in trading


def test_only_the_breaches_ask_for_a_person(found):
    assert found.approval.why == (
        f"1 hard breach ({ISSUER}); 2 overridable breaches ({SECTOR}); 1 soft breach ({INDUSTRY})"
    )


def test_without_an_override_the_held_accounts_stay_held(vault, found):
    approve(vault, found.run, {})

    after = stored(vault)
    assert after.approval.status is ApprovalStatus.APPROVED
    assert after.basket == found.basket
    assert not trades_of(after.basket.recommendations, HARD, *OVERRIDABLE)


def test_an_override_releases_exactly_that_accounts_trades(vault, found):
    approve(vault, found.run, {(SECTOR, OVERRIDABLE[0]): OVERRIDE})

    after = stored(vault).basket
    kept, added = trades_of(after.recommendations), trades_of(found.recommendations, OVERRIDABLE[0])
    assert added
    assert kept == trades_of(found.basket.recommendations) | added
    assert [held.account_id for held in after.held] == [HARD, OVERRIDABLE[1]]
    assert count_breaches(after.results) == BreachCount(hard=1, overridable=1, soft=1, overridden=1)


@pytest.mark.parametrize(
    ("rule_id", "account_id", "why_not"),
    [
        (ISSUER, HARD, "a hard rule stands, whoever asks"),
        (INDUSTRY, WARNED, "a soft rule blocks nothing"),
        (SECTOR, HARD, "nothing against it"),
        (SECTOR, "no such account", "nothing against it"),
    ],
)
def test_nothing_else_can_be_overridden_and_the_run_goes_on_waiting(
    vault, found, rule_id, account_id, why_not
):
    wanted = {(SECTOR, OVERRIDABLE[0]): OVERRIDE, (rule_id, account_id): OVERRIDE}

    with pytest.raises(OverrideRefusedError, match=why_not):
        approve(vault, found.run, wanted)

    assert stored(vault) == found


def test_a_hard_breach_says_how_it_came_and_that_nobody_can_override_it(found):
    text = explained(found, HARD)

    assert "held: issuer-concentration (hard): The Home Depot Inc. would go from" in text
    assert "the limit is 25 %" in text
    assert "it comes of buying HD" in text
    assert "nobody can override a hard rule" in text
    assert "nobody has decided yet" in text


def test_an_overridable_breach_says_who_may_let_it_pass_and_then_who_did(vault, found):
    approve(vault, found.run, {(SECTOR, OVERRIDABLE[0]): OVERRIDE})

    waits, after = explained(found, OVERRIDABLE[0]), stored(vault)
    let_pass, stays = (explained(after, account) for account in OVERRIDABLE)
    assert "a second person may override it with a written reason" in waits
    assert "overridden by olga: the client agreed in writing" in let_pass
    assert "What stopped it" not in let_pass
    assert "held: sector-concentration (overridable): Consumer Staples would go from" in stays
    assert "approved by olga" in stays


def test_a_soft_breach_warns_and_holds_nothing(found):
    text = explained(found, WARNED)

    assert "(soft) BREACHED" in text
    assert "it warns and needs a person, it does not block" in text
    assert "What stopped it" not in text


class Measures:
    """An optimizer that only measures, as a run needs it after its release."""

    def tracking_errors(self, _snapshot) -> dict:
        return {}

    def check_portfolios(self, *_asked) -> tuple:
        return ()


def test_what_could_not_be_sent_is_looked_at_again_on_the_next_session(vault, found):
    """No venue is there: every order is withdrawn unsent, and the run ends with that."""
    approve(vault, found.run, {})
    clock, handed = SetClock(step=timedelta(seconds=0.5)), []
    settings = ReleaseSettings(
        wave_timeout=timedelta(seconds=1), poll_interval=timedelta(milliseconds=1)
    )
    schedule = CalendarSchedule(
        calendar="XNYS", day=Day.EVERY_BUSINESS_DAY, minutes_before_close=60
    )
    runner = Runner(
        vault=vault,
        clock=clock,
        optimizer=Measures(),
        desk=replace(DESK, residuals=ResidualPolicy(schedule=schedule)),
        releaser=Releaser(vault, SilentWire(), clock, settings, LIMITS),
    )
    runner.hand_over_to(handed.append)

    ended = runner.walk(found.run.run_id)

    with vault.read() as view:
        (made,) = [run for run in view.runs.recent(10) if run.trigger == TRIGGER]
        orders = view.orders.of_run(ended.run_id)
    assert ended.status is RunStatus.DONE
    assert handed == [made.run_id]
    assert made.due == datetime(2022, 12, 1, 20, tzinfo=UTC)
    assert {order.status for order in orders} == {OrdStatus.UNSENT}
    left = {part.account_id for order in orders for part in order.intent.allocations}
    wanted = {trade.account_id for trade in found.basket.recommendations}
    assert left <= set(made.account_ids) <= wanted
    with pytest.raises(NotDueError):
        runner.walk(made.run_id)


def test_proposed_rules_show_whom_of_a_waiting_basket_they_would_touch(vault, found, tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text((DATA / "rules.toml").read_text() + NO_BUYS_ABOVE_15, encoding="utf-8")
    with vault.write() as uow:
        take_rules_over(uow, read_rule_set(DATA / "rules.toml"), by="trimtab", at=NOW)

    with vault.read() as view:
        shown = preview_of(view, read_rule_set(path), NOW)

    assert [change.rule_id for change in shown.changes] == ["sector-buys"]
    assert {effect.rule_id for effect in shown.effects} == {"sector-buys"}
    assert {(effect.before, effect.after) for effect in shown.effects} == {("not asked", "breach")}
    touched = {effect.subject for effect in shown.effects}
    assert {HARD, *OVERRIDABLE} & touched
    assert touched <= {trade.account_id for trade in found.recommendations}


NO_BUYS_ABOVE_15 = """
[[rule]]
id = "sector-buys"
type = "GroupWeight"
words = "No sector is bought above 15 %."
citation = "c"
force = "overridable"
effective_from = 2020-01-01
parameters = { group_by = "sector", maximum = 0.15 }
[[rule.example]]
says = "151 of 1,000."
expect = "breach"
given = '''
ALFA costs 1, sector Energy
A1 has 1000 cash
A1 buys 151 ALFA
'''
"""
