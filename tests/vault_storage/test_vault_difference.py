"""A difference names the fields that differ, and nothing else."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import pytest

from vault.difference import difference


@dataclass(frozen=True)
class Inner:
    symbol: str
    quantity: Decimal


class Place(NamedTuple):
    epoch: int
    sequence: int


@pytest.mark.parametrize(
    ("stands", "should", "told"),
    [
        (None, Decimal(1), "is missing, its facts say that it is there"),
        (Decimal(1), None, "is there, its facts say that it is not"),
        (Decimal("7.000000"), Decimal(6), "stands as 7, its facts say 6"),
        (Place(1, 7), Place(1, 8), "sequence stands as 7, its facts say 8"),
        (
            {"open": True, "value": Inner("AAPL", Decimal(3))},
            {"open": False, "value": Inner("AAPL", Decimal(2))},
            "open stands as True, its facts say False; quantity stands as 3, its facts say 2",
        ),
        ("x" * 99, "y", f"stands as {'x' * 60}…, its facts say y"),
    ],
)
def test_only_what_differs_is_told(stands, should, told):
    assert difference(stands, should) == told
