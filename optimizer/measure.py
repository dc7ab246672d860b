"""Measures of accounts as they stand, without proposing anything."""

from collections.abc import Sequence
from decimal import Decimal

from optimizer.explain import weight
from optimizer.objective import tracking_error
from optimizer.values import AccountProblem, Market


def tracking_errors(market: Market, problems: Sequence[AccountProblem]) -> dict[str, Decimal]:
    """Annualised tracking error by account; accounts with a fault have none."""
    return {
        problem.account_id: weight(tracking_error(market, problem.w0 - problem.b))
        for problem in problems
        if not problem.fault
    }
