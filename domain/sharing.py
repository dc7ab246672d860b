"""Sharing: a whole divided by weights, in units, so that nothing is lost.

Largest remainder (Hamilton's method). Equal remainders go by a hash of the key and the name: fixed
for a key, and no name is favoured over many keys. Everything is compared in whole numbers.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal

from domain.exact import ZERO, to_scaled


def shared(
    amount: Decimal, weights: Mapping[str, int], unit: Decimal, key: str
) -> dict[str, Decimal]:
    """`amount`, not below zero, in units pro rata to `weights`; the parts add up to it.

    No part is further than a unit from its exact one; what is less than a unit goes to one name.
    """
    assert amount >= 0
    assert all(weight >= 0 for weight in weights.values())
    if len(weights) == 1:
        return dict.fromkeys(weights, amount)
    whole = sum(weights.values()) * to_scaled(unit)
    assert whole > 0, "there is nobody to share among"
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


def _draw(key: str, name: str) -> bytes:
    return hashlib.sha256(f"{key}\n{name}".encode()).digest()
