"""What a venue's raw messages add up to, by the shortest way: no fold of ours is used.

Every execution is kept by its ExecID; a bust takes one out, a correction puts another in its
place, a split makes more shares of the same dollars. Of lots the dearest is sold first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from domain.lots import TaxLot
from gateway.wiretext import pairs

TRADE, CORRECT, CANCEL, RESTATED = "F", "G", "H", "D"
CORPORATE_ACTION = "0"


@dataclass(slots=True)
class Told:
    """What stands of one order: shares and dollars by ExecID."""

    side: str = ""
    executions: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)

    @property
    def shares(self) -> Fraction:
        return sum((shares for shares, _ in self.executions.values()), Fraction(0))

    @property
    def dollars(self) -> Fraction:
        return sum((dollars for _, dollars in self.executions.values()), Fraction(0))


def told(messages: Iterable[str], symbol: str) -> dict[str, Told]:
    """By OrderID, of the reports in `symbol`."""
    orders: dict[str, Told] = {}
    for raw in messages:
        fields = dict(pairs(raw))
        if fields.get(35) != "8" or fields.get(55) != symbol:
            continue
        one = orders.setdefault(fields[37], Told(fields[54]))
        kind = fields[150]
        if kind in {CORRECT, CANCEL}:
            one.executions.pop(fields[19])
        if kind in {TRADE, CORRECT}:
            shares = Fraction(fields[32])
            one.executions[fields[17]] = (shares, shares * Fraction(fields[31]))
        if kind == RESTATED and fields.get(378) == CORPORATE_ACTION:
            more = Fraction(fields[14]) / one.shares
            one.executions = {k: (s * more, d) for k, (s, d) in one.executions.items()}
    return orders


def lots_after_sale(lots: Sequence[TaxLot], sold: Fraction) -> dict[str, tuple[Decimal, Decimal]]:
    """Shares and basis left in each lot when the dearest goes first; empty ones are left out."""
    left: dict[str, tuple[Decimal, Decimal]] = {}
    for lot in sorted(lots, key=lambda one: one.basis / one.quantity, reverse=True):
        taken = min(Fraction(lot.quantity), sold)
        sold -= taken
        rest = Fraction(lot.quantity) - taken
        if rest:
            basis = Fraction(lot.basis) * rest / Fraction(lot.quantity)
            left[lot.lot_id] = (decimal(rest), decimal(basis))
    return left


def decimal(number: Fraction) -> Decimal:
    """Exact; these figures end."""
    value = Decimal(number.numerator) / Decimal(number.denominator)
    assert Fraction(value) == number
    return value
