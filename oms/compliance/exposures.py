"""Exposures: what holdings and trades amount to, in the names that count.

Without look-through a holding counts as itself, at market. A rule may look
through derivatives, at notional or at delta, and through funds by their
published constituents; each exposure keeps the path on which it was found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.exact import ZERO
from domain.facts import About
from oms.compliance.book import Book, MissingDataError

ONE = Decimal(1)


class LookThrough(StrEnum):
    """What is opened, and how it then counts."""

    NOTIONAL = "notional"  # Derivatives: units x multiplier x the underlying's price.
    DELTA = "delta"  # The same times the delta.
    FUNDS = "funds"  # Funds whose constituents are known, by weight.
    INSURANCE_FUNDS = "insurance_funds"  # Only those held by insurers alone, IRC 817(h)(4).


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One holding's part in one name, before and after the trades, in dollars."""

    security_id: str  # What it counts as.
    held_id: str  # What is held.
    path: tuple[str, ...]  # Symbols from what is held to what it counts as.
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class _Leaf:
    security_id: str
    dollars: Decimal  # Of one unit held.
    path: tuple[str, ...]


def exposures(book: Book, account_id: str, look: tuple[LookThrough, ...]) -> tuple[Exposure, ...]:
    """Every exposure of the account, by security id; raises `MissingDataError`."""
    key = ("exposures", account_id, look)
    known: tuple[Exposure, ...] | None = book.kept.get(key)
    if known is None:
        known = book.kept[key] = tuple(_exposures(book, account_id, look))
    return known


def _exposures(book: Book, account_id: str, look: tuple[LookThrough, ...]) -> Iterator[Exposure]:
    held, traded = book.held(account_id), book.traded(account_id)
    for held_id in sorted(held.keys() | traded.keys()):
        before = held.get(held_id, ZERO)
        after = before + traded.get(held_id, ZERO)
        for leaf in _leaves(book, held_id, look):
            yield Exposure(
                security_id=leaf.security_id,
                held_id=held_id,
                path=leaf.path,
                before=before * leaf.dollars,
                after=after * leaf.dollars,
            )


def shares_of(
    book: Book, security_id: str, look: tuple[LookThrough, ...]
) -> Iterator[tuple[str, Decimal]]:
    """What one dollar of a security counts as; raises `MissingDataError`."""
    price = book.price(security_id)
    for leaf in _leaves(book, security_id, look):
        yield leaf.security_id, leaf.dollars / price


def path_words(exposure: Exposure) -> str:
    """How an exposure came about; empty for what is held as itself."""
    return " via ".join(reversed(exposure.path)) if len(exposure.path) > 1 else ""


def _leaves(book: Book, security_id: str, look: tuple[LookThrough, ...]) -> tuple[_Leaf, ...]:
    if not look:
        return (_Leaf(security_id, book.price(security_id), (book.symbol(security_id),)),)
    known = book.leaves.get((security_id, look))
    if known is None:
        known = tuple(_opened(book, security_id, None, (), look))
        book.leaves[security_id, look] = known
    return known


def _opened(
    book: Book,
    security_id: str,
    dollars: Decimal | None,
    above: tuple[str, ...],
    look: tuple[LookThrough, ...],
) -> Iterator[_Leaf]:
    """What one unit, or so many dollars of it, comes to in the end."""
    symbol = book.symbol(security_id)
    if symbol in above:
        raise MissingDataError(f"{symbol} contains itself: {' > '.join((*above, symbol))}")
    path = (*above, symbol)
    underlying = book.text(About.SECURITY, security_id, "underlying")
    if underlying and {LookThrough.NOTIONAL, LookThrough.DELTA} & set(look):
        amount = book.number(About.SECURITY, security_id, "multiplier") * book.price(underlying)
        if LookThrough.DELTA in look:
            amount *= book.number(About.SECURITY, security_id, "delta")
        if dollars is not None:
            amount *= dollars / book.price(security_id)
        yield from _opened(book, underlying, amount, path, look)
        return
    value = book.price(security_id) if dollars is None else dollars
    left = ONE
    for constituent, weight in _constituents(book, security_id, look):
        left -= weight
        yield from _opened(book, constituent, value * weight, path, look)
    if left:
        yield _Leaf(security_id, value * left, path)


def _constituents(
    book: Book, security_id: str, look: tuple[LookThrough, ...]
) -> Iterator[tuple[str, Decimal]]:
    opens = LookThrough.FUNDS in look or (
        LookThrough.INSURANCE_FUNDS in look
        and book.text(About.SECURITY, security_id, "insurance_only") == "yes"
    )
    if opens:
        yield from sorted(book.numbers(About.SECURITY, security_id, "contains").items())
