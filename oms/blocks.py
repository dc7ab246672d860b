"""Blocks: one order for every account that wants the same thing.

The allocation is written before the order is sent, so that nobody can choose
afterwards who got the better price.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.errors import ConfigError
from domain.exact import plain
from domain.facts import About
from domain.instruments import Security
from domain.orders import Allocation, OrderIntent, OrdType, Side, TimeInForce
from domain.recommendations import Recommendation
from domain.snapshot import Snapshot
from oms.route_terms import limit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSettings:
    """How the desk prices its orders."""

    limit_collar: Decimal  # Fraction of the reference price that a limit may be away from it.

    def __post_init__(self) -> None:
        if not 0 < self.limit_collar < 1:
            raise ConfigError(
                f"limit_collar is {plain(self.limit_collar)}: give a fraction of the price "
                "between 0 and 1, for example 0.01 for one percent"
            )


def block(
    run_id: UUID,
    recommendations: Sequence[Recommendation],
    snapshot: Snapshot,
    settings: BlockSettings,
    *,
    trade_date: date,
    at: datetime,
    short: str,
) -> tuple[OrderIntent, ...]:
    """One limit order for the day per security and side: sells first, then by symbol.

    ClOrdIDs are `short`-0001, `short`-0002, ... Buys and sells of one name stay
    two orders: they are never crossed inside. Accounts that directed their brokerage
    to a venue have a block of their own there.
    """
    securities = {security.security_id: security for security in snapshot.securities}
    strategies = {account.account_id: account.model_id for account in snapshot.accounts}
    chosen = directed(snapshot)
    groups: defaultdict[tuple[bool, str, str, str], list[Recommendation]] = defaultdict(list)
    for wanted in recommendations:
        venue = chosen.get(wanted.account_id, "")
        groups[wanted.side is Side.BUY, wanted.symbol, wanted.security_id, venue].append(wanted)
    return tuple(
        _order(
            f"{short}-{number:04d}",
            run_id,
            sorted(groups[key], key=lambda wanted: wanted.account_id),
            securities[key[2]],
            settings,
            venue=key[3] or securities[key[2]].venue,
            strategies=strategies,
            trade_date=trade_date,
            at=at,
        )
        for number, key in enumerate(sorted(groups), start=1)
    )


def directed(snapshot: Snapshot) -> dict[str, str]:
    """The venues to which clients directed their brokerage, by account."""
    return {
        fact.subject: fact.value
        for fact in snapshot.facts
        if fact.about is About.ACCOUNT and fact.name == "directed_to" and fact.value
    }


def _order(
    cl_ord_id: str,
    run_id: UUID,
    members: Sequence[Recommendation],
    security: Security,
    settings: BlockSettings,
    *,
    venue: str,
    strategies: Mapping[str, str],
    trade_date: date,
    at: datetime,
) -> OrderIntent:
    side, reference = members[0].side, members[0].reference_price
    assert all(member.reference_price == reference for member in members), "one snapshot, one price"
    allocations = tuple(_allocations(members, strategies))
    return OrderIntent(
        cl_ord_id=cl_ord_id,
        run_id=run_id,
        venue=venue,
        security_id=security.security_id,
        symbol=security.symbol,
        side=side,
        quantity=sum((part.quantity for part in allocations), Decimal(0)),
        ord_type=OrdType.LIMIT,
        limit_price=limit_price(side, reference, settings.limit_collar, security.tick),
        time_in_force=TimeInForce.DAY,
        reference_price=reference,
        trade_date=trade_date,
        decided_at=at,
        allocations=allocations,
    )


def _allocations(
    members: Sequence[Recommendation], strategies: Mapping[str, str]
) -> Iterator[Allocation]:
    """One per account, in the order of the accounts; `strategies` are their models."""
    by_account: dict[str, Allocation] = {}
    for member in members:
        known = by_account.get(member.account_id)
        more = () if known is None else known.lot_ids
        by_account[member.account_id] = Allocation(
            account_id=member.account_id,
            quantity=member.quantity + (Decimal(0) if known is None else known.quantity),
            lot_ids=tuple(dict.fromkeys((*more, *member.lot_ids))),
            strategy=strategies.get(member.account_id, ""),
        )
    yield from by_account.values()
