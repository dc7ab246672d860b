"""What only custodians know: losses of before our own books, and trades of accounts held away.

They say neither of which lot a sale was nor how long its shares were held.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from domain.exact import ZERO
from domain.orders import Side
from domain.snapshot import PastTrade
from domain.sold import told_id
from domain.sources import Source
from ledger.wash_facts import WashFacts
from ledger.wash_strands import Piece, Strand


def losses(
    trades: Iterable[PastTrade], facts: WashFacts, taxable: frozenset[str]
) -> tuple[Strand, ...]:
    """What they told of sales at a loss and nothing has replaced yet, by account, name and day."""
    sums: defaultdict[tuple[str, str, date], tuple[Decimal, Decimal]] = defaultdict(
        lambda: (ZERO, ZERO)
    )
    for trade in trades:
        is_loss = trade.side is Side.SELL and trade.gain is not None and trade.gain < 0
        if trade.source is None or trade.account_id not in taxable or not is_loss:
            continue
        assert trade.gain is not None
        key = (trade.account_id, trade.security_id, trade.day)
        shares, dollars = sums[key]
        sums[key] = (shares + trade.quantity, dollars - trade.gain)
    return tuple(
        strand
        for (account_id, security_id, day), told in sorted(sums.items())
        for strand in _left(account_id, security_id, day, told, facts)
    )


def _left(
    account_id: str, security_id: str, day: date, told: tuple[Decimal, Decimal], facts: WashFacts
) -> Iterator[Strand]:
    sale = told_id(account_id, security_id, day)
    shares, dollars = (a - b for a, b in zip(told, facts.matched((sale, "")), strict=True))
    if shares <= 0:
        return
    piece = Piece(
        origin="",
        lot_id="",
        account_id=account_id,
        security_id=security_id,
        bought=day,
        acquired=day,
        shares=shares,
        basis=dollars,
        sale=sale,
        sold=day,
        loss=dollars,
    )
    quantity = facts.today(security_id, shares, day)
    yield Strand(pieces=(piece,), quantity=quantity, origins=frozenset())


def purchases(
    trades: Iterable[PastTrade], facts: WashFacts, away: frozenset[str]
) -> tuple[Strand, ...]:
    """What accounts that are not in our books bought, less what has served, in today's shares."""
    sums: defaultdict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    sources: dict[tuple[str, str, date], Source] = {}
    for trade in trades:
        if trade.side is Side.BUY and trade.account_id in away and trade.source is not None:
            key = (trade.account_id, trade.security_id, trade.day)
            sums[key] += trade.quantity
            sources.setdefault(key, trade.source)
    found = (
        Piece(
            origin=told_id(account_id, security_id, day),
            lot_id=told_id(account_id, security_id, day),
            account_id=account_id,
            security_id=security_id,
            bought=day,
            acquired=day,
            shares=facts.today(security_id, shares, day),
            basis=ZERO,
            source=sources[account_id, security_id, day],
        )
        for (account_id, security_id, day), shares in sorted(sums.items())
    )
    return tuple(facts.unserved(found))
