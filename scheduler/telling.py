"""What a run tells the log beyond its steps: every line is one that an operator acts on."""

from collections.abc import Sequence
from datetime import date

import structlog

from domain.alarms import level_of
from domain.cases import Case
from domain.orders import Alarm
from domain.postings import Break
from domain.proposals import AccountProposal, Outcome
from domain.recommendations import Basket
from domain.snapshot import Snapshot
from oms.compliance.register import Register
from oms.release import Release
from scheduler.summary import Summary

log = structlog.get_logger("scheduler")

REMIND_DAYS = 5  # Calendar days before a case's term.


def quarantine(snapshot: Snapshot) -> None:
    """Accounts that do not trade because of their data."""
    for account_id, findings in snapshot.quarantined().items():
        why = "; ".join(finding.message for finding in findings)
        log.warning("account_quarantined", account=account_id, detail=why)


def misfortunes(proposals: Sequence[AccountProposal]) -> None:
    """Accounts for which the optimizer found nothing."""
    for proposal in proposals:
        if proposal.outcome in (Outcome.INFEASIBLE, Outcome.FAILED):
            event = f"account_{proposal.outcome.value}"
            log.warning(event, account=proposal.account_id, detail=proposal.message)


def breaches(basket: Basket) -> None:
    """Rules that did not pass."""
    for result in basket.results:
        log.warning(
            "compliance_breached",
            rule=result.rule_id,
            force=result.force.value,
            account=result.subject,
            detail=result.sentence,
        )


def reductions(release: Release) -> None:
    """What was approved and did not go out whole."""
    for stopped in release.stopped:
        log.warning("order_stopped", order=stopped.cl_ord_id, detail=stopped.why)
    for cut in release.cuts:
        log.info(
            "order_cut",
            order=cut.cl_ord_id,
            account=cut.account_id,
            symbol=cut.symbol,
            detail=cut.why,
        )


def alarm(found: Alarm | None) -> None:
    """An alarm, at its level."""
    if found is not None:
        say = getattr(log, level_of(found.kind))
        say("alarm_raised", kind=found.kind, order=found.cl_ord_id, detail=found.message)


def differences(breaks: Sequence[Break]) -> None:
    """What reconciliation found."""
    for one in breaks:
        log.error("break_found", kind=one.kind, detail=one.message)


def end(summary: Summary) -> None:
    """The run in one line."""
    log.info(
        "run_finished",
        orders=summary.orders,
        executions=summary.executions,
        notional=summary.notional,
        **_copies(summary),
        breaks=summary.breaks,
    )


def _copies(summary: Summary) -> dict[str, int]:
    """Only where a venue has a drop copy."""
    return {} if summary.copies is None else {"copied": summary.copies.told}


def cases(known: Sequence[Case], register: Register, day: date) -> None:
    """Portfolios that went over a limit or came back, and terms that come near or have passed."""
    before = {(case.rule_id, case.subject) for case in known}
    for case in register.open:
        if (case.rule_id, case.subject) not in before:
            log.warning("case_opened", **_of_case(case), detail=case.sentence)
    for case in register.due_within(day, REMIND_DAYS):
        event = "case_overdue" if case.is_overdue(day) else "case_due_soon"
        log.warning(event, **_of_case(case))
    for case in register.closed:
        log.info("case_closed", **_of_case(case), detail=case.sentence)


def _of_case(case: Case) -> dict[str, str]:
    due = "" if case.due is None else case.due.isoformat()
    return {"rule": case.rule_id, "subject": case.subject, "due": due}
