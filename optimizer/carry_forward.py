"""Losses carried forward: what they take off the tax of the gains that are realised.

A loss of one holding period is set against gains of the same one (26 USC 1212(b)); what
the law lets pass over to the other period is left for the year's end.
"""

from decimal import Decimal

from optimizer.search import Found
from optimizer.taxes import relieved
from optimizer.values import AccountProblem, GainKind

CENT = Decimal("0.01")
ABSORBERS = (GainKind.SHORT_GROSS, GainKind.LONG_GROSS)


def absorbed_tax(problem: AccountProblem, found: Found) -> Decimal:
    """Dollars of tax that the answer's gains do not cost, as losses stand against them."""
    sold = [
        part
        for name, shares in enumerate(found.shares)
        if shares < 0
        for part in relieved(found.box.lots[name], Decimal(-int(shares)))
    ]
    total = Decimal(0)
    for row in problem.rows:
        if row.gain not in ABSORBERS:
            continue
        winners = [
            (lot, n) for lot, n in sold if lot.term is row.gain.term and lot.gain_per_share > 0
        ]
        gains = sum((lot.gain_per_share * shares for lot, shares in winners), Decimal(0))
        taxes = sum((lot.tax_per_share * shares for lot, shares in winners), Decimal(0))
        carried = Decimal(row.limit) * problem.nav
        if gains > 0:
            total += taxes * min(Decimal(1), carried / gains)
    return total.quantize(CENT)
