"""Lists: which names are listed, and through what a name leads to one of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from domain.restrictions import begins
from oms.compliance.book import Book, MissingDataError

BUY_ONLY, SELL_ONLY = "buy:", "sell:"  # How an entry of a file says that it binds one side.


class KnownList(StrEnum):
    """Lists that are not files of entries of their own."""

    RESTRICTED = "restricted"  # The firm's, in force on the day.
    DO_NOT_BUY = "do_not_buy"  # The client's, from the mandate.
    DO_NOT_SELL = "do_not_sell"


class MatchOn(StrEnum):
    """What makes a trade match an entry."""

    SECURITY = "security"
    ISSUER = "issuer"  # Every security of an issuer of which one is listed, or that is itself.
    PARENT = "parent"  # Of which a parent is listed: what a listed issuer owns.
    UNDERLYING = "underlying"  # Derivatives and convertibles on a listed name.
    CONSTITUENT = "constituent"  # Funds and baskets that hold one.
    OWNER = "owner"  # Owned by listed persons together, OFAC's 50 % rule.
    COUNTERPARTY = "counterparty"
    BROKER = "broker"


EVERYBODY = "*"  # For `entries_of`: what binds anybody at all.


def entries_of(name: str, book: Book, account_id: str) -> Mapping[str, str]:
    """Listed names with the reason of each, that bind an account now; "" is for the firm's alone.

    Raises `MissingDataError` for a list nobody gave.
    """
    if name == KnownList.RESTRICTED:
        return dict(_restricted(book, account_id))
    if name in (KnownList.DO_NOT_BUY, KnownList.DO_NOT_SELL):
        mandate = book.mandate(account_id)
        ids = mandate.do_not_buy if name == KnownList.DO_NOT_BUY else mandate.do_not_sell
        words = f"on the {name.replace('_', '-')} list of mandate {mandate.mandate_id}"
        return dict.fromkeys(ids, f"{words} ({mandate.source})")
    found = book.named(About.LIST, name, "entry")
    if not found:
        raise MissingDataError(f"nobody gave the list {name}")
    return {
        entry: f"on the list {name}: {reason}"
        for entry, reason in found.items()
        if _binds_now(book, name, entry)
    }


def _restricted(book: Book, account_id: str) -> Iterator[tuple[str, str]]:
    for entry in book.snapshot.restrictions:
        household = entry.household_id
        binds = not household or account_id == EVERYBODY
        if not binds and account_id:
            binds = book.account(account_id).household_id == household
        if binds and begins(entry) <= book.at:
            since = entry.effective_from if entry.effective_at is None else entry.effective_at
            whose = f" for household {household}" if household else ""
            yield (
                entry.security_id,
                f"restricted{whose} since {since} ({entry.source}): {entry.reason}",
            )


def _binds_now(book: Book, name: str, entry: str) -> bool:
    """An entry binds from its instant on, and up to its end, where it has them."""
    begin, end = (book.text(About.LIST, name, word, entry) for word in ("from", "until"))
    return (not begin or datetime.fromisoformat(begin) <= book.at) and (
        not end or book.at < datetime.fromisoformat(end)
    )


def concerns(reason: str, side: Side) -> bool:
    """Whether an entry binds this side; one that says nothing binds both."""
    if BUY_ONLY in reason:
        return side is Side.BUY
    return side is Side.SELL if SELL_ONLY in reason else True


def leads_to(
    book: Book, security_id: str, match_on: tuple[MatchOn, ...], least: Decimal
) -> Iterator[tuple[str, str]]:
    """Every name that a security leads to, with the words for the way."""
    yield from _itself(book, security_id, match_on)
    deeper = tuple(m for m in match_on if m in (MatchOn.SECURITY, MatchOn.ISSUER, MatchOn.PARENT))
    symbol = book.symbol(security_id)
    for inside, way in _inside(book, security_id, match_on, least):
        for name, _ in _itself(book, inside, deeper):
            yield name, f"{symbol} {way} {book.symbol(inside)}, "


def _itself(
    book: Book, security_id: str, match_on: tuple[MatchOn, ...]
) -> Iterator[tuple[str, str]]:
    symbol = book.symbol(security_id)
    if MatchOn.SECURITY in match_on:
        yield security_id, ""
    if not {MatchOn.ISSUER, MatchOn.PARENT} & set(match_on):
        return
    issuer = book.security(security_id).issuer
    if MatchOn.ISSUER in match_on:
        yield issuer, f"{symbol} is of {issuer}, "
    if MatchOn.PARENT in match_on:
        yield from _parents(book, symbol, issuer)


def _inside(
    book: Book, security_id: str, match_on: tuple[MatchOn, ...], least: Decimal
) -> Iterator[tuple[str, str]]:
    """What a derivative is on and a fund holds, with the words for it."""
    if MatchOn.UNDERLYING in match_on:
        underlying = book.text(About.SECURITY, security_id, "underlying")
        if underlying:
            yield underlying, "is on"
    if MatchOn.CONSTITUENT in match_on:
        for inside, weight in book.numbers(About.SECURITY, security_id, "contains").items():
            if weight >= least:
                yield inside, f"holds {weight * 100:.2f} % of"


def _parents(book: Book, symbol: str, issuer: str) -> Iterator[tuple[str, str]]:
    seen = [issuer]
    while parent := book.text(About.ISSUER, seen[-1], "parent"):
        if parent in seen:
            return
        seen.append(parent)
        yield parent, f"{symbol} is of {issuer}, which {parent} owns, "


def blocked_share(book: Book, issuer: str, listed: Mapping[str, str], least: Decimal) -> Decimal:
    """Share of an issuer that listed persons own together.

    Directly, or through entities of which they own at least `least` (OFAC's revised
    guidance of 13 August 2014): an entity below passes nothing on.
    """
    return _blocked(book, issuer, listed, least, frozenset())


def _blocked(
    book: Book, issuer: str, listed: Mapping[str, str], least: Decimal, above: frozenset[str]
) -> Decimal:
    share = ZERO
    for owner, part in book.numbers(About.ISSUER, issuer, "owned").items():
        if owner in above:
            continue
        through = owner in listed or (
            _blocked(book, owner, listed, least, above | {issuer}) >= least
        )
        share += part if through else ZERO
    return share
