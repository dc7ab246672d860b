"""Adjustment terms: what an adjustment must say, whatever the books hold.

Cash alone, shares that come with what they cost, or shares that leave a lot: one of the three.
"""

from collections.abc import Iterator
from decimal import Decimal

from domain.exact import PLACES, ZERO, InexactError, to_scaled
from ledger.adjustments import Adjustment

_CENT_PLACES = 2
_MILLIONTHS_IN_A_CENT = 10 ** (PLACES - _CENT_PLACES)


def problems(wanted: Adjustment) -> Iterator[str]:
    """What stands against it, each with its remedy."""
    if inexact := tuple(_inexact(wanted)):
        yield from inexact
    elif wanted.cash == 0:
        yield "--cash 0 changes nothing; say the dollars, or leave it out"
    elif wanted.security_id is None:
        yield from _of_cash(wanted)
    elif not wanted.shares:
        yield "SYMBOL needs --shares: above 0 where they come, below 0 where they leave"
    elif wanted.shares > 0:
        yield from _of_arrival(wanted)
    else:
        yield from _of_departure(wanted)


def _inexact(wanted: Adjustment) -> Iterator[str]:
    for option, dollars in (("--cash", wanted.cash), ("--cost", wanted.cost)):
        if dollars is not None and not _fits(dollars, _MILLIONTHS_IN_A_CENT):
            yield f"{option} {dollars} is not dollars and cents; write it like 1234.50"
    if wanted.shares is not None and not _fits(wanted.shares, 1):
        yield f"--shares {wanted.shares} is not a number of up to {PLACES} decimal places"


def _fits(number: Decimal, unit: int) -> bool:
    try:
        return to_scaled(number) % unit == 0
    except InexactError:
        return False


def _of_cash(wanted: Adjustment) -> Iterator[str]:
    if wanted.cash is None:
        yield "it says nothing; say --cash DOLLARS, or SYMBOL and --shares"
    if (wanted.shares, wanted.cost, wanted.acquired, wanted.lot_id) != (None,) * 4:
        yield "--shares, --cost, --acquired and --lot are of a security; say its SYMBOL"


def _of_arrival(wanted: Adjustment) -> Iterator[str]:
    if wanted.cost is None or wanted.acquired is None:
        yield "shares that come need --cost and --acquired: what the lot cost, and since when"
    if wanted.cost is not None and wanted.cost < ZERO:
        yield f"--cost {wanted.cost} is below 0; say what the whole lot cost"
    if wanted.acquired is not None and wanted.acquired > wanted.day:
        yield (
            f"--acquired {wanted.acquired} is after {wanted.day}, on which they come; correct one "
            "of them"
        )
    if wanted.lot_id is not None:
        yield "--lot is for shares that leave; those that come are a lot of their own"
    if wanted.cash is not None:
        yield "--cash is what shares that leave have fetched; what was paid is one of its own"


def _of_departure(wanted: Adjustment) -> Iterator[str]:
    if wanted.lot_id is None:
        yield f"shares that leave need --lot; see `trimtab lots --account {wanted.account_id}`"
    if wanted.cost is not None or wanted.acquired is not None:
        yield "--cost and --acquired are for shares that come; a lot that they leave has its own"
    if wanted.cash is not None and wanted.cash < ZERO:
        yield (
            f"--cash {wanted.cash} is below 0, and is what the shares fetched; a fee is one of "
            "its own"
        )
