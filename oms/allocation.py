"""Allocation: how a quantity, or money, is divided over accounts.

Largest remainder (Hamilton's method), in whole units. Equal remainders go by a
hash of the block and the account: fixed for a block, and no account is
favoured over many blocks. Everything is compared in whole millionths, so exactly.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal

from domain.exact import CENT, ZERO, to_scaled

SHARE = Decimal(1)


def allocate(quantity: Decimal, wanted: Mapping[str, Decimal], *, key: str) -> dict[str, Decimal]:
    """`quantity` shares pro rata to `wanted`, in whole shares; the parts add up to it.

    No account is further than one share from its exact part, and none gets
    more than it wanted unless the block was over-filled. `key` names the block.
    """
    return _split(quantity, _in_millionths(wanted), SHARE, key)


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
    return _split(increment, claims, SHARE, key)


def allocate_money(
    amount: Decimal, quantities: Mapping[str, Decimal], *, key: str
) -> dict[str, Decimal]:
    """Dollars pro rata to shares, in cents; what is less than a cent stays with one account."""
    if len(quantities) == 1:
        return dict.fromkeys(quantities, amount)
    weights = _in_millionths(quantities)
    if amount < 0:
        return {name: -part for name, part in _split(-amount, weights, CENT, key).items()}
    return _split(amount, weights, CENT, key)


def _split(
    amount: Decimal, weights: Mapping[str, int], unit: Decimal, key: str
) -> dict[str, Decimal]:
    assert amount >= 0
    assert all(weight >= 0 for weight in weights.values())
    if len(weights) == 1:
        return dict.fromkeys(weights, amount)
    whole = sum(weights.values()) * to_scaled(unit)
    assert whole > 0, "there is nobody to allocate to"
    scaled = to_scaled(amount)
    shares = {name: divmod(scaled * weight, whole) for name, weight in weights.items()}
    units = {name: count for name, (count, _) in shares.items()}
    spare = scaled // to_scaled(unit) - sum(units.values())
    ranked = sorted(shares, key=lambda name: (-shares[name][1], _draw(key, name)))
    for name in ranked[:spare]:
        units[name] += 1
    parts = {name: count * unit for name, count in units.items()}
    parts[ranked[0]] += amount - sum(parts.values(), ZERO)
    return parts


def _in_millionths(parts: Mapping[str, Decimal]) -> dict[str, int]:
    return {name: to_scaled(part) for name, part in parts.items()}


def _draw(key: str, name: str) -> bytes:
    return hashlib.sha256(f"{key}\n{name}".encode()).digest()
