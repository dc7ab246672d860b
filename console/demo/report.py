"""The demo's summary: the object for programs, and the words for a portfolio manager."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from console.service_port import AuditVerdict, BooksVerdict
from console.stored_run import StoredRun
from domain.codec import to_plain
from domain.compliance import CheckResult
from domain.postings import Break
from domain.proposals import Outcome
from oms.wording import counted, dollars, percent

BAR = 40  # Columns of the longest bar.


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the demo found from outside, once everything had stopped."""

    stored: StoredRun
    business_date: date
    refused: dict[str, int]  # Problems by refused file.
    breaks: tuple[Break, ...]  # Of the run, and of the venues' files.
    books: BooksVerdict
    audit: AuditVerdict
    unexplained: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that must hold for the demo to end well."""

    holds: bool
    words: str


def promises(found: Outcomes) -> tuple[Promise, ...]:
    """What exit code 0 stands for."""
    summary = found.stored.summary
    assert summary is not None
    unplanned = [one for one in found.breaks if not one.planted]
    before, after = summary.tracking_error_before, summary.tracking_error_after
    return (
        Promise(
            holds=not unplanned,
            words=f"{counted(len(unplanned), 'break')} between our orders, FIX, the ledger and "
            "the venues' own files",
        ),
        Promise(holds=found.books.balanced, words=f"the ledger balances: {found.books.message}"),
        Promise(holds=found.audit.verified, words=f"the audit trail holds: {found.audit.message}"),
        Promise(
            holds=not found.unexplained,
            words=f"{counted(len(found.unexplained), 'order')} without a full explanation",
        ),
        Promise(
            holds=after < before,
            words=f"tracking error fell from {percent(before)} to {percent(after)}",
        ),
    )


def as_object(found: Outcomes) -> dict[str, Any]:
    """The summary as one JSON-ready object."""
    summary = found.stored.summary
    assert summary is not None
    return {
        **to_plain(summary),
        "business_date": found.business_date.isoformat(),
        "files_refused": sorted(found.refused),
        "breaks": sum(not one.planted for one in found.breaks),
        "breaks_planted": sum(one.planted for one in found.breaks),
        "ledger_balanced": found.books.balanced,
        "audit_verified": found.audit.verified,
        "unexplained_orders": len(found.unexplained),
        "seconds": round(found.seconds, 1),
    }


def as_words(found: Outcomes) -> Iterator[str]:
    """The summary as a person reads it."""
    summary = found.stored.summary
    assert summary is not None
    left_alone = summary.quarantined + summary.infeasible + summary.held + summary.failed
    yield f"Rebalance of {found.business_date:%A, %-d %B %Y}, run {summary.run_id.hex}"
    yield ""
    yield f"  Accounts        {summary.accounts}: {summary.traded} traded, {left_alone} left alone"
    yield from _bars(summary.tracking_error_before, summary.tracking_error_after)
    yield (
        f"  Traded          {dollars(summary.notional)} in {summary.shares_traded:,f} shares: "
        f"{summary.orders} orders, {summary.executions} executions, "
        f"{dollars(summary.commission)} commission"
    )
    yield (
        f"  Taxes           {dollars(summary.realised_gain)} realised, "
        f"{_tax_words(summary.tax_cost)}"
    )
    yield from _rules(found.stored.basket.results if found.stored.basket else ())
    yield from _example(found.stored)
    yield ""
    yield "  Left alone, and why"
    yield from (f"    {line}" for line in _left_alone(found.stored))
    yield ""
    for promise in promises(found):
        yield f"  {'✓' if promise.holds else '✗'} {promise.words}"


def _bars(before: Decimal, after: Decimal) -> Iterator[str]:
    longest = max(before, after)
    for name, value in (("before", before), ("after", after)):
        length = int(BAR * value / longest) if longest else 0
        heading = "Tracking error" if name == "before" else ""
        yield f"  {heading:<15} {name:<6} {'█' * length} {percent(value)}"


def _example(stored: StoredRun) -> Iterator[str]:
    """The largest trade that was released, in its own words."""
    wanted = stored.basket.recommendations if stored.basket else ()
    if wanted:
        largest = max(wanted, key=lambda trade: (trade.notional, trade.account_id))
        yield f"  For example     {largest.account_id}: {largest.reason}"


def _tax_words(cost: Decimal) -> str:
    if cost < 0:
        return f"which saves {dollars(-cost)} of tax at the clients' rates"
    return f"which costs {dollars(cost)} of tax at the clients' rates"


def _rules(results: Sequence[CheckResult]) -> Iterator[str]:
    yield f"  Rules           {counted(len(results), 'breach', 'breaches')} to look at"
    for result in results:
        force = "overridden" if result.overridden_by else result.force.value
        yield f"    {force}: {result.rule_id}, {result.subject}: {result.sentence}"
        if result.overridden_by:
            yield f"      let through by {result.overridden_by}: {result.override_reason}"


def _left_alone(stored: StoredRun) -> Iterator[str]:
    assert stored.snapshot is not None
    for account_id, findings in stored.snapshot.quarantined().items():
        yield f"{account_id:<12} quarantined: {'; '.join(f.message for f in findings)}"
    for proposal in stored.proposals:
        if proposal.outcome in (Outcome.INFEASIBLE, Outcome.FAILED):
            yield f"{proposal.account_id:<12} {proposal.outcome.value}: {proposal.message}"
    for held in stored.basket.held if stored.basket else ():
        yield f"{held.account_id:<12} held: {held.reason}"
