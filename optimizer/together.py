"""Answering the located accounts of a household as one, wash sales included."""

from collections.abc import Callable, Sequence

from domain.proposals import AccountProposal, Outcome
from optimizer.location import Household
from optimizer.model import Programs
from optimizer.values import AccountProblem, Market
from optimizer.washsales import bought_names, locked, loss_names

Answer = Callable[[Programs, AccountProblem], AccountProposal]
MOST_ROUNDS = 4  # Of locking what would be a wash sale and answering again.


def answered_together(
    market: Market, members: Sequence[AccountProblem], answer: Answer
) -> tuple[AccountProposal, ...] | None:
    """The answers of the members, by account id; None where there is none for all of them.

    What one account sells at a loss no other may buy: such names are shut to purchases in
    every account, and the household is answered again.
    """
    ordered = tuple(sorted(members, key=lambda member: member.account_id))
    household = Household(market, ordered)
    stacked, problem = household.stacked_market(), household.stacked_problem()
    programs = Programs(stacked)
    for _ in range(MOST_ROUNDS):
        proposal = answer(programs, problem)
        if proposal.outcome not in (Outcome.TRADE, Outcome.NO_TRADE):
            return None
        bought = bought_names(stacked, proposal)
        washed = household.washed(bought, loss_names(stacked, problem, proposal))
        if not washed:
            return household.split(proposal)
        problem = locked(problem, lost=washed, bought=set())
    return None
