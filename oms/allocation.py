"""Allocation: how a quantity, or money, is divided over accounts.

By largest remainder, in whole units (`domain.sharing`). Equal remainders go by a hash of the
block and the account. Everything is compared in whole millionths, so exactly.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain.exact import CENT, ZERO, to_scaled
from domain.sharing import shared

SHARE = Decimal(1)


def allocate(quantity: Decimal, wanted: Mapping[str, Decimal], *, key: str) -> dict[str, Decimal]:
    """`quantity` shares pro rata to `wanted`, in whole shares; the parts add up to it.

    No account is further than one share from its exact part, and none gets
    more than it wanted unless the block was over-filled. `key` names the block.
    """
    return shared(quantity, _in_millionths(wanted), SHARE, key)


def allocate_increment(
    increment: Decimal,
    wanted: Mapping[str, Decimal],
    done: Mapping[str, Decimal],
    *,
    key: str,
) -> dict[str, Decimal]:
    """`increment` more shares, when `done` were allocated before: nobody gives any back.

    Each account's claim is what its exact part of everything so far exceeds
    what it has; the increment goes pro rata to the claims.
    """
    if len(wanted) == 1:
        return dict.fromkeys(wanted, increment)
    parts = _in_millionths(wanted)
    given = {name: to_scaled(done.get(name, ZERO)) for name in parts}
    total = to_scaled(increment) + sum(map(to_scaled, done.values()))
    whole = sum(parts.values())
    claims = {name: max(0, total * part - given[name] * whole) for name, part in parts.items()}
    return shared(increment, claims, SHARE, key)


def allocate_money(
    amount: Decimal, quantities: Mapping[str, Decimal], *, key: str
) -> dict[str, Decimal]:
    """Dollars pro rata to shares, in cents; what is less than a cent stays with one account."""
    if len(quantities) == 1:
        return dict.fromkeys(quantities, amount)
    weights = _in_millionths(quantities)
    if amount < 0:
        return {name: -part for name, part in shared(-amount, weights, CENT, key).items()}
    return shared(amount, weights, CENT, key)


def _in_millionths(parts: Mapping[str, Decimal]) -> dict[str, int]:
    return {name: to_scaled(part) for name, part in parts.items()}
