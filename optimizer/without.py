"""The counterfactual: what the answer would be if one of the account's rules were not there."""

from collections.abc import Sequence
from dataclasses import replace

from domain.errors import UnknownNameError
from domain.proposals import AccountProposal
from optimizer.proposal import propose_batch
from optimizer.values import AccountProblem, Market


def rules_of(problem: AccountProblem) -> tuple[str, ...]:
    """The client's words for every row, cap and lock of the account, each once."""
    labels = [row.label for row in problem.rows]
    labels += [cap.label for cap in problem.caps]
    labels += [lock.label for lock in problem.locks]
    return tuple(dict.fromkeys(labels))


def freed(problem: AccountProblem, rule: str) -> AccountProblem:
    """The problem without the constraints whose words contain `rule`, in capitals or not.

    Raises `UnknownNameError`, with those that there are, where none does.
    """
    wanted = rule.casefold()

    def gone(label: str) -> bool:
        return wanted in label.casefold()

    if not any(gone(label) for label in rules_of(problem)):
        raise UnknownNameError(
            f"account {problem.account_id} has no rule {rule!r}; it has: "
            f"{'; '.join(rules_of(problem))}"
        )
    return replace(
        problem,
        rows=tuple(row for row in problem.rows if not gone(row.label)),
        caps=tuple(cap for cap in problem.caps if not gone(cap.label)),
        locks=tuple(lock for lock in problem.locks if not gone(lock.label)),
    )


def propose_without(
    market: Market, problems: Sequence[AccountProblem], account_id: str, rule: str
) -> AccountProposal:
    """The answer for one account of a household, all its accounts together, without a rule."""
    changed = [freed(p, rule) if p.account_id == account_id else p for p in problems]
    proposals = propose_batch(market, changed)
    return next(p for p in proposals if p.account_id == account_id)
