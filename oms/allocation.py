"""Allocation: how a quantity, or money, is divided over accounts.

Largest remainder (Hamilton's method), in whole units. Equal remainders go by a
hash of the block and the account: fixed for a block, and no account is
favoured over many blocks.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from domain.exact import CENT, ZERO

SHARE = Decimal(1)


def allocate(quantity: Decimal, wanted: Mapping[str, Decimal], *, key: str) -> dict[str, Decimal]:
    """`quantity` shares pro rata to `wanted`, in whole shares; the parts add up to it.

    No account is further than one share from its exact part, and none gets
    more than it wanted unless the block was over-filled. `key` names the block.
    """
    return _split(quantity, {name: Fraction(part) for name, part in wanted.items()}, SHARE, key)


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
    total = Fraction(increment) + sum((Fraction(part) for part in done.values()), Fraction(0))
    sum_wanted = sum((Fraction(part) for part in wanted.values()), Fraction(0))
    claims = {
        name: max(Fraction(0), total * Fraction(part) / sum_wanted - Fraction(done.get(name, ZERO)))
        for name, part in wanted.items()
    }
    return _split(increment, claims, SHARE, key)


def allocate_money(
    amount: Decimal, quantities: Mapping[str, Decimal], *, key: str
) -> dict[str, Decimal]:
    """Dollars pro rata to shares, in cents; what is less than a cent stays with one account."""
    weights = {name: Fraction(part) for name, part in quantities.items()}
    if amount < 0:
        return {name: -part for name, part in _split(-amount, weights, CENT, key).items()}
    return _split(amount, weights, CENT, key)


def _split(
    amount: Decimal, weights: Mapping[str, Fraction], unit: Decimal, key: str
) -> dict[str, Decimal]:
    assert amount >= 0
    assert all(weight >= 0 for weight in weights.values())
    if len(weights) == 1:
        return dict.fromkeys(weights, amount)
    total = sum(weights.values(), Fraction(0))
    assert total > 0, "there is nobody to allocate to"
    exact = {
        name: Fraction(amount) * weight / total / Fraction(unit) for name, weight in weights.items()
    }
    units = {name: int(part) for name, part in exact.items()}
    spare = int(Fraction(amount) / Fraction(unit)) - sum(units.values())
    ranked = sorted(exact, key=lambda name: (units[name] - exact[name], _draw(key, name)))
    for name in ranked[:spare]:
        units[name] += 1
    parts = {name: count * unit for name, count in units.items()}
    parts[ranked[0]] += amount - sum(parts.values(), ZERO)
    return parts


def _draw(key: str, name: str) -> bytes:
    return hashlib.sha256(f"{key}\n{name}".encode()).digest()
