"""Tax lots: shares bought together, with what they cost and when."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.sources import Source
from domain.values import quickly_made


class Term(StrEnum):
    """Holding period of a relieved lot: more than one year is long (26 USC 1222)."""

    SHORT = "short"
    LONG = "long"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLot:
    """An open lot: `quantity` shares left, `basis` dollars left (total, not per share)."""

    lot_id: str
    account_id: str
    security_id: str
    quantity: Decimal
    basis: Decimal
    acquired: date
    source: Source | None  # None for a lot that one of our own buys opened.

    def __post_init__(self) -> None:
        assert self.quantity > 0
        assert self.basis >= 0


def term_of(acquired: date, sold: date) -> Term:
    """LONG when held more than one year: the day after the anniversary is the first long day."""
    try:
        anniversary = acquired.replace(year=acquired.year + 1)
    except ValueError:  # 29 February: one year later ends with 28 February.
        anniversary = date(acquired.year + 1, 2, 28)
    return Term.LONG if sold > anniversary else Term.SHORT
