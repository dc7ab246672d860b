"""What the demo's exit code 0 stands for: break one promise, and exactly that one does not hold."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from console.demo.report import Outcomes, as_object, promises
from console.service_port import AuditVerdict, BooksVerdict
from console.stored_run import StoredRun
from domain.postings import Break
from domain.runs import Run, RunStatus, TriggerKind
from scheduler.summary import BreachCount, Summary

NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
RUN = Run(
    run_id=UUID(int=1),
    trigger="month-end",
    kind=TriggerKind.CALENDAR,
    due=NOW,
    why="due",
    account_ids=(),
    status=RunStatus.DONE,
    started_at=NOW,
)
SUMMARY = Summary(
    run_id=RUN.run_id,
    trigger="month-end",
    snapshot="s",
    accounts=3,
    quarantined=1,
    infeasible=0,
    failed=0,
    traded=2,
    untouched=0,
    held=0,
    orders=2,
    executions=4,
    shares_traded=Decimal(100),
    notional=Decimal("1500.50"),
    commission=Decimal("0.30"),
    realised_gain=Decimal(10),
    tax_cost=Decimal(2),
    breaches=BreachCount(hard=0, overridable=0, soft=1, overridden=1),
    tracking_error_before=Decimal("0.02"),
    tracking_error_after=Decimal("0.01"),
    breaks=0,
)
GOOD = Outcomes(
    stored=StoredRun(
        run=RUN,
        steps=(),
        snapshot=None,
        proposals=(),
        recommendations=(),
        checks=(),
        basket=None,
        approval=None,
        orders=(),
        executions=(),
        transactions=(),
        breaks=(),
        summary=SUMMARY,
    ),
    business_date=date(2022, 11, 30),
    refused={"bad.csv": 2},
    breaks=(),
    books=BooksVerdict(balanced=True, transactions=5, message="fine"),
    audit=AuditVerdict(verified=True, entries=9, message="fine"),
    unexplained=(),
    seconds=21.04,
)
BREAK = Break(
    kind="cash_differs", subject="A1", ours="1", theirs="2", message="1 is not 2", planted=False
)
FLAT = replace(GOOD.stored, summary=replace(SUMMARY, tracking_error_after=Decimal("0.02")))


def broken(found: Outcomes) -> list[int]:
    return [number for number, promise in enumerate(promises(found)) if not promise.holds]


def test_every_promise_holds_on_a_good_day():
    assert broken(GOOD) == []


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (0, {"breaks": (BREAK,)}),
        (1, {"books": BooksVerdict(balanced=False, transactions=5, message="off by a cent")}),
        (2, {"audit": AuditVerdict(verified=False, entries=9, message="entry 4 was edited")}),
        (3, {"unexplained": ("R-0001",)}),
        (4, {"stored": FLAT}),
    ],
    ids=["break", "books", "audit", "unexplained", "tracking error"],
)
def test_one_that_is_broken_is_the_one_that_does_not_hold(number, changes):
    assert broken(replace(GOOD, **changes)) == [number]


def test_a_break_that_was_planted_breaks_no_promise_and_is_still_counted():
    found = replace(GOOD, breaks=(replace(BREAK, planted=True),))

    assert broken(found) == []
    assert (as_object(found)["breaks"], as_object(found)["breaks_planted"]) == (0, 1)


def test_the_object_has_what_programs_ask_for():
    said = as_object(GOOD)

    assert said["breaches"] == {"hard": 0, "overridable": 0, "soft": 1, "overridden": 1}
    assert (said["notional"], said["seconds"]) == ("1500.5", 21.0)
    assert (said["ledger_balanced"], said["audit_verified"]) == (True, True)
    assert (said["unexplained_orders"], said["files_refused"]) == (0, ["bad.csv"])
