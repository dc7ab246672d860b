"""Households: no account buys what another sells at a loss in the same run.

Two passes, in the order of account ids, so that the answer does not depend on the
order of the input. First every account is answered alone. Then each account that buys
a name which another account sells at a loss is answered again: it may not buy any
name that the household sells at a loss, nor sell at a loss what the household buys.
Answers that stand and answers given again are both counted, so the second pass
settles it. The loss sale wins: its saving is sure, a name has substitutes.
"""

from collections.abc import Callable, Sequence

from domain.proposals import AccountProposal
from optimizer import together
from optimizer.values import AccountProblem, Market
from optimizer.washsales import bought_names, locked, loss_names

Answer = Callable[[AccountProblem], AccountProposal]


def answers_of(
    market: Market, problems: Sequence[AccountProblem], answer: Answer, joint: together.Answer
) -> tuple[AccountProposal, ...]:
    """Answers of the accounts of one household: located ones as one, then each of the others.

    Where the located accounts have no answer together, each is answered by itself.
    """
    located = {p.account_id for p in problems if p.located and not p.fault}
    members = [problem for problem in problems if problem.account_id in located]
    found = together.answered_together(market, members, joint) if len(members) > 1 else None
    if found is None:
        return in_household(market, problems, answer)
    pairs = list(zip(sorted(members, key=lambda one: one.account_id), found, strict=True))
    lost = {name for member, one in pairs for name in loss_names(market, member, one)}
    bought = {name for _, one in pairs for name in bought_names(market, one)}
    others = [
        problem if problem.fault else locked(problem, lost=lost, bought=bought)
        for problem in problems
        if problem.account_id not in located
    ]
    return (*found, *in_household(market, others, answer))


def in_household(
    market: Market, problems: Sequence[AccountProblem], answer: Answer
) -> tuple[AccountProposal, ...]:
    """Answers of the accounts of one household, by account id."""
    ordered = sorted(problems, key=lambda problem: problem.account_id)
    first = [(problem, answer(problem)) for problem in ordered]
    lost = {name for problem, proposal in first for name in loss_names(market, problem, proposal)}
    buys_lost = [bool(bought_names(market, proposal) & lost) for _, proposal in first]
    bought = {
        name
        for (_, proposal), again in zip(first, buys_lost, strict=True)
        if not again
        for name in bought_names(market, proposal)
    }
    answers = []
    for (problem, proposal), again in zip(first, buys_lost, strict=True):
        final = proposal
        if again:
            final = answer(locked(problem, lost=lost, bought=bought))
            lost |= loss_names(market, problem, final)
            bought |= bought_names(market, final)
        answers.append(final)
    return tuple(answers)
