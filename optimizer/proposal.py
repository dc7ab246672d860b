"""Proposals: the answer for each account, households as a unit.

An account's failure is its own: it comes back as FAILED with its sentence, and its
neighbours are answered as if it were not there.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import inf

import numpy as np

from domain.proposals import AccountProposal, Conflict, Outcome, Relaxed
from optimizer.carry_forward import absorbed_tax
from optimizer.conflicts import relaxation_of, sentence, ticket_conflicts
from optimizer.counterfactual import binding_rules
from optimizer.deadline import NEVER, Deadline
from optimizer.exact import exactly
from optimizer.explain import active_after, binding_labels, cents, explain, weight
from optimizer.figures import figures_of
from optimizer.households import answers_of
from optimizer.inputs import fault_of
from optimizer.messages import late, message, notes_of, relaxed_message
from optimizer.model import Programs
from optimizer.objective import tracking_error
from optimizer.relaxed import Loosened, missed_limits, relaxed_answer
from optimizer.search import Found, NotFound, search
from optimizer.transition import first_step
from optimizer.values import AccountProblem, Market
from optimizer.weighing import weighing_of

NO_TURN = "the deadline passed before its turn; run it again"


def propose(
    market: Market, problem: AccountProblem, deadline: Deadline = NEVER, *, exact: bool = False
) -> AccountProposal:
    """The answer for one account alone; `exact`: in the best whole shares, which takes seconds."""
    return _answer(Programs(market).until(deadline), problem, exact=exact)


def propose_batch(
    market: Market,
    problems: Sequence[AccountProblem],
    *,
    deadline: Deadline = NEVER,
    seconds_per_account: float = inf,
) -> tuple[AccountProposal, ...]:
    """The answers in the order of `problems`; accounts of one household must be together here.

    An account that has used its seconds gets the best answer so far that keeps its constraints;
    those whose turn has not come by `deadline` are FAILED, and may be asked for again.
    """
    programs = Programs(market)

    def answered(problem: AccountProblem) -> AccountProposal:
        if deadline.passed() and not problem.fault:
            return _failed(problem, f"account {problem.account_id}: {NO_TURN}")
        return _answer(programs.until(deadline.within(seconds_per_account)), problem)

    def jointly(stacked: Programs, problem: AccountProblem) -> AccountProposal:
        return _answer(stacked.until(deadline), problem)

    households: dict[str, list[AccountProblem]] = {}
    for problem in problems:
        households.setdefault(problem.household_id, []).append(problem)
    answers = {
        proposal.account_id: proposal
        for household in households.values()
        for proposal in answers_of(market, household, answered, jointly)
    }
    return tuple(answers[problem.account_id] for problem in problems)


def _answer(programs: Programs, problem: AccountProblem, *, exact: bool = False) -> AccountProposal:
    if fault := problem.fault or fault_of(programs.market, problem):
        return _failed(problem, fault)
    try:
        problem = first_step(programs, problem)
        found = search(programs, problem)
        if isinstance(found, Found) and exact:
            found, told = exactly(programs, problem, found)
            proposal = _proposal(programs, problem, found)
            return replace(proposal, notes=(*proposal.notes, told))
        if isinstance(found, Found):
            return _proposal(programs, problem, found)
        return _unanswered(programs, problem, found)
    except Exception as error:  # noqa: BLE001 - one account's failure never hurts its neighbours
        message = f"account {problem.account_id}: {type(error).__name__}: {error}"
        return _without_trades(programs.market, problem, Outcome.FAILED, message)


def _unanswered(programs: Programs, problem: AccountProblem, found: NotFound) -> AccountProposal:
    market = programs.market
    locks, own = found.box.locks, found.box.own_locks
    loosened: Loosened = ()
    if programs.deadline.passed():
        message = f"account {problem.account_id}: {found.why}"
        return _without_trades(market, problem, Outcome.FAILED, message)
    if found.missed:
        conflicts = ticket_conflicts(problem, found.missed.rows)
        loosened = missed_limits(problem, found.missed.rows)
    else:
        relaxation = relaxation_of(market, problem, locks) or relaxation_of(
            market, problem, (*locks, *own)
        )
        conflicts = relaxation.conflicts if relaxation else ()
        loosened = relaxation.loosened if relaxation else ()
    if not conflicts:
        message = f"account {problem.account_id}: {found.why}"
        return _without_trades(market, problem, Outcome.FAILED, message)
    blank = _without_trades(market, problem, Outcome.INFEASIBLE, f"{sentence(conflicts)}.")
    return replace(blank, conflicts=conflicts, relaxed=_relaxed(programs, problem, loosened))


def _relaxed(programs: Programs, problem: AccountProblem, loosened: Loosened) -> Relaxed | None:
    """What the account would trade under the cheapest relaxation."""
    answer = relaxed_answer(programs, problem, loosened)
    if answer is None:
        return None
    proposal = _plain_proposal(programs.market, answer.problem, answer.found)
    broken = tuple(
        Conflict(name=label, detail=label, short_by=weight(by), unit=unit)
        for label, by, unit in answer.broken
    )
    return Relaxed(
        message=relaxed_message(proposal, broken),
        loosened=broken,
        trades=proposal.trades,
        tracking_error_after=proposal.tracking_error_after,
        turnover=proposal.turnover,
        expected_cost=proposal.expected_cost,
        expected_tax=proposal.expected_tax,
        certificate=proposal.certificate,
    )


def _proposal(programs: Programs, problem: AccountProblem, found: Found) -> AccountProposal:
    """The answer with what a person may ask about it; only the answer where time is up."""
    plain = _plain_proposal(programs.market, problem, found)
    if programs.deadline.passed():
        return late(plain)
    proposal = replace(
        plain,
        figures=figures_of(programs.market, problem, found.shares),
        binding=binding_rules(programs, problem, found),
        weighing=weighing_of(programs, problem, found),
        notes=notes_of(programs.market, problem, found),
    )
    if programs.deadline.passed():
        return late(plain)
    return replace(proposal, message=message(proposal, binding_labels(problem, found)))


def _plain_proposal(market: Market, problem: AccountProblem, found: Found) -> AccountProposal:
    trades = explain(market, problem, found)
    blank = _without_trades(market, problem, Outcome.NO_TRADE, "")
    nav = float(problem.nav)
    notional = found.shares * market.price
    error = weight(tracking_error(market, active_after(market, problem, found.shares)))
    paid = sum(
        (int(n) * price for n, price in zip(found.shares, market.prices, strict=True)), Decimal(0)
    )
    taxes = sum((trade.expected_tax for trade in trades), Decimal(0))
    proposal = replace(
        blank,
        outcome=Outcome.TRADE if trades else Outcome.NO_TRADE,
        tracking_error_after=error,
        turnover=weight(float(np.abs(notional).sum()) / nav),
        expected_cost=sum((trade.expected_cost for trade in trades), Decimal(0)),
        expected_tax=taxes - absorbed_tax(problem, found),
        cash_after=problem.cash - paid,
        trades=trades,
        certificate=found.solution.certificate,
    )
    return replace(proposal, message=message(proposal, binding_labels(problem, found)))


def _failed(problem: AccountProblem, fault: str) -> AccountProposal:
    """An account whose arrays cannot be used: nothing is computed of them."""
    zero = cents(0.0)
    return AccountProposal(
        account_id=problem.account_id,
        outcome=Outcome.FAILED,
        message=fault,
        net_asset_value=problem.nav,
        tracking_error_before=Decimal(0),
        tracking_error_after=Decimal(0),
        turnover=Decimal(0),
        expected_cost=zero,
        expected_tax=zero,
        cash_before=problem.cash,
        cash_after=problem.cash,
    )


def _without_trades(
    market: Market, problem: AccountProblem, outcome: Outcome, message: str
) -> AccountProposal:
    error = weight(tracking_error(market, problem.w0 - problem.b))
    return AccountProposal(
        account_id=problem.account_id,
        outcome=outcome,
        message=message,
        net_asset_value=problem.nav,
        tracking_error_before=error,
        tracking_error_after=error,
        turnover=Decimal(0),
        expected_cost=cents(0.0),
        expected_tax=cents(0.0),
        cash_before=problem.cash,
        cash_after=problem.cash,
    )
