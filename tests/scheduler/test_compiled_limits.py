"""Recommendations that are born compliant: the rules compiled into the optimizer's limits.

The book plants accounts whose proposals break the firm's rules. With the linear rules among
the optimizer's own constraints none does, and the engine, on other code, finds it so.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.compliance import Force, Verdict
from oms.compliance.check import check_accounts
from oms.compliance.compiled import is_linear
from oms.compliance.load import load_rules
from oms.recommend import recommend
from oms.take_over import take_over
from scheduler.pool import OptimizerPool
from vault import SqlVault
from vault.intake import Intake

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
RULES = load_rules(DATA / "rules.toml")
BLOCKING = tuple(r for r in RULES if is_linear(r) and r.force is not Force.SOFT)
PLANTED = {
    ("issuer-concentration", "8713-2698"),
    ("sector-concentration", "8758-2143"),
    ("sector-concentration", "Z47-263441"),
}


class StandingClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def snapshot(sqlite_template, tmp_path_factory):
    """The bundled book, of the planted accounts' households and a few more."""
    path = tmp_path_factory.mktemp("book") / "book.db"
    path.write_bytes(sqlite_template.read_bytes())
    anchor = path.with_suffix(".anchor")
    store = SqlVault(f"sqlite:///{path}", clock=StandingClock(), holder="test", anchor_path=anchor)
    with store.write() as uow:
        Intake(DATA / "layouts").ingest(
            uow, [DATA / "book", DATA / "custodians"], at=NOW, replace=False
        )
        take_over(uow, NOW.date(), NOW)
    with store.read() as view:
        taken = view.snapshots.take(NOW.date())
    store.close()
    return taken


@pytest.fixture(scope="module")
def pool():
    with OptimizerPool(2) as workers:
        yield workers


def breaches(snapshot, proposals):
    answers = check_accounts(BLOCKING, snapshot, recommend(snapshot, proposals), NOW)
    return {(a.rule_id, a.subject) for a in answers if a.verdict is Verdict.BREACH}


def test_breaches_of_linear_rules_disappear_and_the_engine_finds_it_so(snapshot, pool):
    without = pool.optimise(snapshot)
    pool.use_rules(BLOCKING)
    born_compliant = pool.optimise(snapshot)

    assert breaches(snapshot, without) == PLANTED
    assert breaches(snapshot, born_compliant) == set()
    outcomes = [{p.account_id: p.outcome for p in found} for found in (without, born_compliant)]
    assert outcomes[0] == outcomes[1], "every account that had an answer has one"
