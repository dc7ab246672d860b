"""Custody: what a custodian says of how an account came to what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.exact import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class LotHistory:
    """What a custodian's file says of a lot beyond what it is."""

    reference: str = ""  # Of the transaction that bought it; empty: not said.
    purchase: str = ""  # The id of that purchase (`told_id`); empty: no file tells of it.
    disallowed: Decimal = ZERO  # Of its basis: losses that wash sales put there.


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyHistory:
    """How an account came to what its custodian reports."""

    purchases: Mapping[str, Decimal]  # Shares bought, by the purchase's id (`told_id`).
    lots: Mapping[str, LotHistory]  # By lot id; a lot of which nothing is said is not there.
