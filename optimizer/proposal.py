"""Proposals: the answer for each account, households as a unit.

An account's failure is its own: it comes back as FAILED with its sentence, and its
neighbours are answered as if it were not there.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from domain.proposals import AccountProposal, Outcome
from optimizer.conflicts import conflicts_of, sentence, ticket_conflicts
from optimizer.explain import active_after, cents, explain, weight
from optimizer.households import in_household
from optimizer.model import Programs
from optimizer.objective import tracking_error
from optimizer.search import Found, NotFound, search
from optimizer.values import AccountProblem, Market
from optimizer.words import dollars, listed, percent


def propose(market: Market, problem: AccountProblem) -> AccountProposal:
    """The answer for one account alone."""
    return _answer(Programs(market), problem)


def propose_batch(
    market: Market, problems: Sequence[AccountProblem]
) -> tuple[AccountProposal, ...]:
    """The answers in the order of `problems`; accounts of one household must be together here."""
    programs = Programs(market)
    households: dict[str, list[AccountProblem]] = {}
    for problem in problems:
        households.setdefault(problem.household_id, []).append(problem)
    answers = {
        proposal.account_id: proposal
        for household in households.values()
        for proposal in in_household(market, household, lambda one: _answer(programs, one))
    }
    return tuple(answers[problem.account_id] for problem in problems)


def _answer(programs: Programs, problem: AccountProblem) -> AccountProposal:
    if problem.fault:
        return _without_trades(programs.market, problem, Outcome.FAILED, problem.fault)
    try:
        found = search(programs, problem)
        if isinstance(found, Found):
            return _proposal(programs.market, problem, found)
        return _unanswered(programs.market, problem, found)
    except Exception as error:  # noqa: BLE001 - one account's failure never hurts its neighbours
        message = f"account {problem.account_id}: {type(error).__name__}: {error}"
        return _without_trades(programs.market, problem, Outcome.FAILED, message)


def _unanswered(market: Market, problem: AccountProblem, found: NotFound) -> AccountProposal:
    locks, own = found.box.locks, found.box.own_locks
    if found.missed:
        conflicts = ticket_conflicts(problem, found.missed.rows)
    else:
        conflicts = conflicts_of(market, problem, locks) or conflicts_of(
            market, problem, (*locks, *own)
        )
    if not conflicts:
        message = f"account {problem.account_id}: {found.why}"
        return _without_trades(market, problem, Outcome.FAILED, message)
    blank = _without_trades(market, problem, Outcome.INFEASIBLE, f"{sentence(conflicts)}.")
    return replace(blank, conflicts=conflicts)


def _proposal(market: Market, problem: AccountProblem, found: Found) -> AccountProposal:
    explained = explain(market, problem, found)
    trades = explained.trades
    blank = _without_trades(market, problem, Outcome.NO_TRADE, "")
    nav = float(problem.nav)
    notional = found.shares * market.price
    error = weight(tracking_error(market, active_after(market, problem, found.shares)))
    paid = sum(
        (int(n) * price for n, price in zip(found.shares, market.prices, strict=True)), Decimal(0)
    )
    proposal = replace(
        blank,
        outcome=Outcome.TRADE if trades else Outcome.NO_TRADE,
        tracking_error_after=error,
        turnover=weight(float(np.abs(notional).sum()) / nav),
        expected_cost=sum((trade.expected_cost for trade in trades), Decimal(0)),
        expected_tax=sum((trade.expected_tax for trade in trades), Decimal(0)),
        cash_after=problem.cash - paid,
        trades=trades,
        certificate=found.solution.certificate,
    )
    return replace(proposal, message=_message(proposal, explained.binding))


def _message(proposal: AccountProposal, binding: tuple[str, ...]) -> str:
    if proposal.outcome is Outcome.NO_TRADE:
        return (
            "Already best: no trade gains more than it costs; tracking error "
            f"{percent(proposal.tracking_error_before, 2)}."
        )
    word = "trade" if len(proposal.trades) == 1 else "trades"
    tax = proposal.expected_tax
    held_back = f" Binding: {listed(binding)}." if binding else ""
    return (
        f"{len(proposal.trades)} {word}, turnover {percent(proposal.turnover)}: tracking error "
        f"{percent(proposal.tracking_error_before, 2)} to "
        f"{percent(proposal.tracking_error_after, 2)}, cost {dollars(proposal.expected_cost)}, "
        f"tax {dollars(tax)}.{held_back}"
    )


def _without_trades(
    market: Market, problem: AccountProblem, outcome: Outcome, message: str
) -> AccountProposal:
    error = Decimal(0)
    if not problem.fault:
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
