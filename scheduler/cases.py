"""Cases after a run: the register as the last finished run left it, and what is booked now.

An account in quarantine is asked nothing: what is wrong with it stands in its findings.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.cases import Case
from domain.codec import decode
from domain.ports import UnitOfWork
from domain.runs import Run, Step
from domain.snapshot import Snapshot
from oms.compliance.check import check_portfolio
from oms.compliance.register import Register, advance
from oms.compliance.rules import Rule
from scheduler import telling
from scheduler.summary import Summary

RUNS_BACK = 50  # A run that failed leaves no register; the last one that finished has it.


def known_cases(view: UnitOfWork, run: Run) -> tuple[Case, ...]:
    """What was open when the last finished run before this one ended."""
    for earlier in view.runs.recent(RUNS_BACK):
        if earlier.run_id != run.run_id and earlier.started_at <= run.started_at:
            document = view.runs.step(earlier.run_id, Step.RECONCILE)
            if document is not None:
                return decode(Summary, document).cases
    return ()


def survey(rules: Sequence[Rule], known: Sequence[Case], after: Snapshot, at: datetime) -> Register:
    """Ask the portfolio rules of what is held after the run, and tell what came of it."""
    quarantined = after.quarantined()
    answers = [
        answer for answer in check_portfolio(rules, after, at) if answer.subject not in quarantined
    ]
    register = advance(known, answers, after.as_of)
    telling.cases(known, register, after.as_of)
    return register
