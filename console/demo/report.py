"""The demo's summary: the object for programs, and the words for a portfolio manager."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from console.service_port import AuditVerdict, BooksVerdict
from console.stored_run import StoredRun
from console.wrapping import hanging
from domain.cases import Case
from domain.codec import to_plain
from domain.compliance import CheckResult
from domain.postings import Break
from domain.proposals import Outcome
from domain.recommendations import HeldAccount
from oms.wording import counted, dollars
from scheduler.summary import Summary

BAR = 40  # Columns of the longest bar.
HEADING = 18  # Columns before the text of a section.
NAME = 30  # Columns before the text of one account.
Part = tuple[str, str]  # What stands in front, and a text that may be wrapped.


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
            words=f"{_none_or(len(unplanned), 'break')} between our orders, FIX, the ledger and "
            "the venues' own files",
        ),
        Promise(holds=found.books.balanced, words=f"the ledger balances: {found.books.message}"),
        Promise(holds=found.audit.verified, words=f"the audit trail holds: {found.audit.message}"),
        Promise(
            holds=not found.unexplained,
            words=f"{_none_or(len(found.unexplained), 'order')} without a full explanation",
        ),
        Promise(
            holds=after < before,
            words=f"tracking error went from {_two_places(before)} to {_two_places(after)}",
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


def as_words(found: Outcomes, width: int) -> Iterator[str]:
    """The summary as a person reads it, in lines of at most `width` columns where words allow."""
    for front, text in _parts(found):
        yield from hanging(front, text, width)


def _parts(found: Outcomes) -> Iterator[Part]:
    stored, summary = found.stored, found.stored.summary
    assert summary is not None
    assert stored.snapshot is not None
    households = len({account.household_id for account in stored.snapshot.accounts})
    yield "", f"Rebalance of {found.business_date:%A, %-d %B %Y}"
    yield "", ""
    yield _section("Run"), f"{summary.run_id.hex}, by trigger {summary.trigger}"
    yield (
        _section("Accounts"),
        f"{summary.accounts} in {counted(households, 'household')}: {_fates(summary)}",
    )
    yield from _bars(summary.tracking_error_before, summary.tracking_error_after)
    yield _section("Traded"), _traded(summary)
    yield _section("Taxes"), _tax_words(summary.realised_gain, summary.tax_cost)
    yield from _example(stored)
    results = stored.basket.results if stored.basket else ()
    yield "", ""
    asked = len({check.rule_id for check in stored.checks})
    yield (
        "",
        f"  {counted(len(results), 'breach', 'breaches')} of the {counted(asked, 'rule')} asked",
    )
    yield from _breaches(results)
    yield "", ""
    yield "", f"  {counted(len(summary.cases), 'portfolio')} over a limit by drift, to be cured"
    yield from _cases(summary.cases)
    yield "", ""
    yield "", f"  {counted(_left_alone(summary), 'account')} left alone, and why"
    yield from _reasons(stored)
    yield "", ""
    for promise in promises(found):
        yield f"  {'✓' if promise.holds else '✗'} ", promise.words


def _section(name: str) -> str:
    return f"  {name}".ljust(HEADING)


def _fates(summary: Summary) -> str:
    fates = [f"{summary.traded} traded"]
    if summary.untouched:
        fates.append(f"{summary.untouched} needed no trade")
    if left := _left_alone(summary):
        fates.append(f"{left} left alone")
    return ", ".join(fates)


def _traded(summary: Summary) -> str:
    return (
        f"{dollars(summary.notional)}: {counted(summary.orders, 'order')}, "
        f"{counted(summary.executions, 'execution')}, {summary.shares_traded:,f} shares, "
        f"{dollars(summary.commission)} commission{_copied(summary)}"
    )


def _copied(summary: Summary) -> str:
    copies = summary.copies
    return "" if copies is None else f", {copies.told} of {copies.due} also in drop copies"


def _left_alone(summary: Summary) -> int:
    return summary.quarantined + summary.infeasible + summary.held + summary.failed


def _bars(before: Decimal, after: Decimal) -> Iterator[Part]:
    longest = max(before, after)
    for name, value in (("before", before), ("after", after)):
        length = int(BAR * value / longest) if longest else 0
        heading = "Tracking error" if name == "before" else ""
        yield _section(heading), f"{name.ljust(7)}{'█' * length} {_two_places(value)}"


def _two_places(fraction: Decimal) -> str:
    return f"{fraction * 100:.2f} %"


def _none_or(number: int, noun: str) -> str:
    return counted(number, noun) if number else f"no {noun}"


def _example(stored: StoredRun) -> Iterator[Part]:
    """The largest trade that was released, in its own words."""
    wanted = stored.basket.recommendations if stored.basket else ()
    if wanted:
        largest = max(wanted, key=lambda trade: (trade.notional, trade.account_id))
        yield _section("For example"), f"account {largest.account_id}: {largest.reason}"


def _tax_words(realised: Decimal, cost: Decimal) -> str:
    what = f"{dollars(abs(realised))} of {'losses' if realised < 0 else 'gains'} realised"
    effect = f"saves {dollars(-cost)}" if cost < 0 else f"costs {dollars(cost)}"
    return f"{what}, which {effect} of tax at the clients' rates"


def _breaches(results: Sequence[CheckResult]) -> Iterator[Part]:
    for result in results:
        force = "overridden" if result.overridden_by else result.force.value
        text = f"{result.rule_id}: {result.sentence}"
        if result.overridden_by:
            text += f"; let through by {result.overridden_by}: {result.override_reason}"
        yield _row(result.subject, force), text


def _cases(cases: Sequence[Case]) -> Iterator[Part]:
    """The most urgent ones first."""
    for case in sorted(cases, key=lambda case: (case.due or date.max, case.subject)):
        by = f"by {case.due:%-d %b}" if case.due else "no term"
        yield _row(case.subject, by), f"{case.rule_id}: {case.sentence}"


def _reasons(stored: StoredRun) -> Iterator[Part]:
    assert stored.snapshot is not None
    for account_id, findings in stored.snapshot.quarantined().items():
        yield _row(account_id, "quarantined"), "; ".join(f.message for f in findings)
    for proposal in stored.proposals:
        if proposal.outcome in (Outcome.INFEASIBLE, Outcome.FAILED):
            yield _row(proposal.account_id, proposal.outcome.value), proposal.message
    if stored.basket is not None:
        for held in stored.basket.held:
            yield _row(held.account_id, "held"), _held_words(held, stored.basket.results)


def _held_words(held: HeldAccount, results: Sequence[CheckResult]) -> str:
    """The rules that hold it back, when they are told above; else the reason itself."""
    rules = [
        result.rule_id for result in results if result.blocks and result.subject == held.account_id
    ]
    return f"for {' and '.join(rules)}, see above" if rules else held.reason


def _row(name: str, state: str) -> str:
    return f"    {name:<12} {state:<12} ".ljust(NAME)
