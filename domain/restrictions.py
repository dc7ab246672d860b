"""Restrictions: what an entry of the restricted list reaches, and from when.

An entry binds every security of its issuer, and of whatever issuer that one owns, at any
remove. One of a household binds that household's accounts only.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from types import MappingProxyType

from domain.facts import About, Fact
from domain.instruments import Security
from domain.orders import Allocation, OrderIntent
from domain.snapshot import Restriction, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Why a security may not be traded, and by whom."""

    why: str
    account_ids: frozenset[str] | None = None  # None: by nobody.


Bars = Mapping[str, tuple[Bar, ...]]  # By security id.
NO_BARS: Bars = MappingProxyType({})


def begins(entry: Restriction) -> datetime:
    """From when an entry binds: its instant, or the first moment of its day in UTC."""
    if entry.effective_at is not None:
        return entry.effective_at
    return datetime.combine(entry.effective_from, time(), UTC)


def reach(
    entries: Iterable[Restriction],
    securities: Collection[Security],
    parents: Mapping[str, str],
    households: Mapping[str, Collection[str]],
    at: datetime,
) -> dict[str, tuple[Bar, ...]]:
    """What the entries that bind `at` bar; `parents` are owners of issuers, by issuer."""
    known = {security.security_id: security for security in securities}
    by_issuer: dict[str, list[Security]] = {}
    for security in securities:
        by_issuer.setdefault(security.issuer, []).append(security)
    found: dict[str, tuple[Bar, ...]] = {}
    for entry in entries:
        if begins(entry) > at:
            continue
        accounts = frozenset(households.get(entry.household_id, ())) if entry.household_id else None
        for security_id, way in _reached(entry, known, by_issuer, parents):
            bar = Bar(why=f"restricted: {way}{entry.reason}", account_ids=accounts)
            found[security_id] = (*found.get(security_id, ()), bar)
    return found


def reach_of(snapshot: Snapshot, at: datetime) -> dict[str, tuple[Bar, ...]]:
    """What a snapshot's list bars at an instant."""
    households: dict[str, list[str]] = {}
    for account in snapshot.accounts:
        households.setdefault(account.household_id, []).append(account.account_id)
    return reach(
        snapshot.restrictions, snapshot.securities, parents_of(snapshot.facts), households, at
    )


def parents_of(facts: Iterable[Fact]) -> dict[str, str]:
    """Who owns each issuer, by the facts that say so."""
    return {
        fact.subject: fact.value
        for fact in facts
        if (fact.about, fact.name) == (About.ISSUER, "parent")
    }


def bar_to(bars: Bars, intent: OrderIntent) -> Bar | None:
    """The first bar that keeps the order, or one account's part of it, from going out."""
    for bar in bars.get(intent.security_id, ()):
        if bar.account_ids is None or any(_is_barred(bar, part) for part in intent.allocations):
            return bar
    return None


def bar_to_all(bars: Bars, security_id: str) -> Bar | None:
    """The first bar that keeps everybody out."""
    return next((bar for bar in bars.get(security_id, ()) if bar.account_ids is None), None)


def bar_to_part(bars: Bars, security_id: str, part: Allocation) -> Bar | None:
    """The first bar that keeps one account out."""
    return next((bar for bar in bars.get(security_id, ()) if _is_barred(bar, part)), None)


def _is_barred(bar: Bar, part: Allocation) -> bool:
    return bar.account_ids is None or part.account_id in bar.account_ids


def _reached(
    entry: Restriction,
    known: Mapping[str, Security],
    by_issuer: Mapping[str, list[Security]],
    parents: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """Security ids with the words for the way to each."""
    listed = known.get(entry.security_id)
    if listed is None:
        yield entry.security_id, ""
        return
    for issuer, others in by_issuer.items():
        if issuer == listed.issuer:
            yield from ((one.security_id, _beside(one, listed)) for one in others)
        elif listed.issuer in _owners(issuer, parents):
            way = f"{issuer} belongs to {listed.issuer}: "
            yield from ((one.security_id, way) for one in others)


def _beside(one: Security, listed: Security) -> str:
    return "" if one == listed else f"{one.symbol} is of {listed.issuer} as {listed.symbol} is: "


def _owners(issuer: str, parents: Mapping[str, str]) -> Iterator[str]:
    """All owners at any remove; owners in a circle are named once."""
    seen = {issuer}
    while (owner := parents.get(issuer)) is not None and owner not in seen:
        seen.add(owner)
        yield owner
        issuer = owner
