"""Reconciliation of what was traded: two witnesses, and every difference by name.

Nobody is believed: each function takes both sides as values and returns the
breaks, each with both numbers and one sentence. No difference is netted away:
a missing execution shows as itself and in its name's totals.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from domain.exact import ZERO, plain, to_cents
from domain.instruments import CASH
from domain.orders import ExecType, ExecutionReport, Order, Side
from domain.postings import Break, Transaction, TransactionKind, WitnessExecution
from domain.splits import factor, times

NOTHING = "nothing"
_STREET, _COMMISSION = "street:", "commission:"
_FILLS = (ExecType.TRADE, ExecType.TRADE_CORRECT)
_UNDONE = (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)


def intended_against_executed(
    orders: Sequence[Order], carried: Mapping[str, Decimal] = MappingProxyType({})
) -> tuple[Break, ...]:
    """What each order was meant to do against what its standing fills did.

    `carried` are the shares of an order that others took over, by its ClOrdID.
    """
    return tuple(
        found
        for order in orders
        for found in _of_order(order, carried.get(order.intent.cl_ord_id, ZERO))
    )


def executions_against_ledger(
    reports: Sequence[ExecutionReport], transactions: Sequence[Transaction]
) -> tuple[Break, ...]:
    """The FIX executions that stand against the fills that stand in the ledger."""
    undone = {(r.venue, r.exec_ref_id) for r in reports if r.exec_type in _UNDONE}
    wire = {
        (r.venue, r.exec_id): _Execution(
            subject=f"{r.venue} {r.exec_id}",
            asset=r.symbol,
            shares=r.last_qty if r.side is Side.BUY else -r.last_qty,
            gross=r.last_qty * (r.last_px or ZERO),
            fee=r.commission,
        )
        for r in reports
        if r.exec_type in _FILLS and (r.venue, r.exec_id) not in undone
    }
    return tuple(_compared(_booked(transactions), wire, theirs="the wire"))


def ledger_against_venue(
    transactions: Sequence[Transaction],
    rows: Sequence[WitnessExecution],
    venue: str,
    trade_date: date,
) -> tuple[Break, ...]:
    """The ledger's fills of one venue and day against the venue's own end-of-day file.

    First each execution, then each name's shares, cash to the cent and fees.
    """
    breaks = [
        Break(
            kind="row_of_another_day_or_venue",
            subject=f"{row.venue} {row.exec_id}",
            ours=f"{venue} {trade_date}",
            theirs=f"{row.venue} {row.trade_date}",
            message=f"{row.source}: the file is for {venue} on {trade_date}, this row is for "
            f"{row.venue} on {row.trade_date}",
        )
        for row in rows
        if (row.venue, row.trade_date) != (venue, trade_date)
    ]
    own = [row for row in rows if (row.venue, row.trade_date) == (venue, trade_date)]
    of_day = [t for t in transactions if t.trade_date == trade_date]
    ours = {key: fill for key, fill in _booked(of_day).items() if key[0] == venue}
    breaks += _doubled(own)
    theirs, unpaired = _witnessed(own)
    breaks += unpaired
    breaks += _compared(ours, theirs, theirs="the venue's file")
    breaks += _totals_compared(ours, theirs, venue)
    return tuple(breaks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Execution:
    """One execution as one witness has it."""

    subject: str
    asset: str  # Symbol on the wire, security id in the ledger.
    shares: Decimal  # Signed: buys positive.
    gross: Decimal  # Dollars, positive.
    fee: Decimal


_Executions = Mapping[tuple[str, str], _Execution]  # By (venue, ExecID).


def _of_order(order: Order, carried: Decimal) -> Iterator[Break]:
    intent = order.intent
    subject = intent.cl_ord_id
    verb = "buy" if intent.side is Side.BUY else "sell"
    quantity = _wanted(order) - carried
    done, wanted = plain(order.cum_qty), plain(quantity)
    meant = f"{verb} {wanted} {intent.symbol}"
    if order.in_doubt:
        text = f"{subject} ({meant}) is in doubt: nobody knows what the venue has"
        yield Break(kind="order_in_doubt", subject=subject, ours=wanted, theirs=done, message=text)
    elif not order.is_closed:
        text = f"{subject} ({meant}) is still open with {done} done"
        yield Break(kind="order_open", subject=subject, ours=wanted, theirs=done, message=text)
    elif order.cum_qty < quantity:
        why = f": {order.reason}" if order.reason else ""
        text = f"{subject} meant to {meant} and did {done}, it ended as {order.status.name}{why}"
        yield Break(
            kind="not_fully_executed", subject=subject, ours=wanted, theirs=done, message=text
        )
    if order.cum_qty > quantity:
        text = f"{subject} meant to {meant} and did {done}: over-filled"
        yield Break(kind="over_filled", subject=subject, ours=wanted, theirs=done, message=text)
    yield from _price_of_order(order)


def _wanted(order: Order) -> Decimal:
    """What we mean now: our last accepted replacement, never what a venue cut it to by itself."""
    if len(order.chain) > 1:
        return order.order_qty
    return times(order.intent.quantity, factor(order.splits, order.intent.trade_date))


def _price_of_order(order: Order) -> Iterator[Break]:
    limit, buys = order.limit_price, order.intent.side is Side.BUY
    if limit is None or order.cum_qty == 0:
        return
    beyond = order.gross - limit * order.cum_qty
    if (beyond > 0) if buys else (beyond < 0):
        average = (order.gross / order.cum_qty).quantize(Decimal("0.000001"))
        yield Break(
            kind="beyond_limit",
            subject=order.intent.cl_ord_id,
            ours=plain(limit),
            theirs=plain(average),
            message=f"{order.intent.cl_ord_id} has a limit of {plain(limit)} and filled at "
            f"{plain(average)} on average",
        )


def _booked(transactions: Iterable[Transaction]) -> dict[tuple[str, str], _Execution]:
    """The fills that stand in the ledger, read from their legs alone."""
    facts = tuple(transactions)
    undone = {t.reverses for t in facts if t.kind is TransactionKind.FILL_REVERSAL}
    standing: dict[tuple[str, str], _Execution] = {}
    for transaction in facts:
        if transaction.kind is TransactionKind.FILL and transaction.transaction_id not in undone:
            venue, execution = _from_legs(transaction)
            standing[venue, transaction.exec_id or ""] = execution
    return standing


def _from_legs(fill: Transaction) -> tuple[str, _Execution]:
    venue, asset, shares, gross, fee = "", "", ZERO, ZERO, ZERO
    for leg in fill.legs:
        if leg.book.startswith(_COMMISSION):
            fee += leg.quantity
        elif leg.book.startswith(_STREET):
            venue = leg.book.removeprefix(_STREET)
            if leg.asset == CASH:
                gross += abs(leg.quantity)
            else:
                asset, shares = leg.asset, shares - leg.quantity
    subject = f"{venue} {fill.exec_id}"
    return venue, _Execution(subject=subject, asset=asset, shares=shares, gross=gross, fee=fee)


def _witnessed(
    rows: Sequence[WitnessExecution],
) -> tuple[dict[tuple[str, str], _Execution], list[Break]]:
    """The executions that stand in a venue's file, and busts that name nothing in it."""
    known = {row.exec_id for row in rows if row.exec_type in _FILLS}
    undone = {row.exec_ref_id for row in rows if row.exec_type in _UNDONE}
    standing = {
        (row.venue, row.exec_id): _Execution(
            subject=f"{row.venue} {row.exec_id}",
            asset=row.symbol,
            shares=row.quantity if row.side is Side.BUY else -row.quantity,
            gross=row.quantity * row.price,
            fee=row.fee,
        )
        for row in rows
        if row.exec_type in _FILLS and row.exec_id not in undone
    }
    unpaired = [
        Break(
            kind="bust_of_nothing",
            subject=f"{row.venue} {row.exec_id}",
            ours=NOTHING,
            theirs=row.exec_ref_id or NOTHING,
            message=f"{row.source}: {row.exec_id} undoes {row.exec_ref_id or 'something unnamed'}, "
            "which is not in the file",
        )
        for row in rows
        if row.exec_type in _UNDONE and row.exec_ref_id not in known
    ]
    return standing, unpaired


def _doubled(rows: Sequence[WitnessExecution]) -> Iterator[Break]:
    seen: dict[str, WitnessExecution] = {}
    for row in rows:
        first = seen.setdefault(row.exec_id, row)
        if first is not row:
            yield Break(
                kind="execution_doubled_in_file",
                subject=f"{row.venue} {row.exec_id}",
                ours=str(first.source),
                theirs=str(row.source),
                message=f"{row.source}: execution {row.exec_id} stands at {first.source} already",
            )


def _compared(ours: _Executions, other: _Executions, *, theirs: str) -> Iterator[Break]:
    for key in sorted(ours.keys() | other.keys()):
        mine, his = ours.get(key), other.get(key)
        if mine is None:
            assert his is not None
            yield Break(
                kind="execution_missing_in_ledger",
                subject=his.subject,
                ours=NOTHING,
                theirs=_words(his),
                message=f"{theirs} has {_words(his)} as {key[1]}; the ledger has no such fill",
            )
        elif his is None:
            yield Break(
                kind="execution_only_in_ledger",
                subject=mine.subject,
                ours=_words(mine),
                theirs=NOTHING,
                message=f"the ledger has {_words(mine)} as {key[1]}; {theirs} does not have it",
            )
        else:
            yield from _fields_compared(mine, his, theirs)


def _fields_compared(mine: _Execution, his: _Execution, theirs: str) -> Iterator[Break]:
    for name, ours, other in (
        ("quantity", mine.shares, his.shares),
        ("gross", mine.gross, his.gross),
        ("fee", mine.fee, his.fee),
    ):
        if ours != other:
            yield Break(
                kind=f"execution_{name}_differs",
                subject=mine.subject,
                ours=plain(ours),
                theirs=plain(other),
                message=f"{mine.subject}, {name}: the ledger has {plain(ours)}, {theirs} says "
                f"{plain(other)}",
            )


def _totals_compared(ours: _Executions, theirs: _Executions, venue: str) -> Iterator[Break]:
    """Shares, cash and fees by symbol; ledger assets get their symbols from shared executions."""
    symbols: defaultdict[str, set[str]] = defaultdict(set)
    for key in sorted(ours.keys() & theirs.keys()):
        symbols[ours[key].asset].add(theirs[key].asset)
    for asset, names in sorted(symbols.items()):
        if len(names) > 1:
            found = " and ".join(sorted(names))
            yield Break(
                kind="security_differs",
                subject=f"{venue} {asset}",
                ours=asset,
                theirs=found,
                message=f"the ledger books {found} under one security, {asset}",
            )
    mine = _totals(ours, {asset: min(names) for asset, names in symbols.items()})
    his = _totals(theirs, {})
    for symbol in sorted(mine.keys() | his.keys()):
        own, other = mine.get(symbol, _NO_TOTALS), his.get(symbol, _NO_TOTALS)
        for name in _NO_TOTALS:
            if own[name] != other[name]:
                yield Break(
                    kind=f"total_{name}_differs",
                    subject=f"{venue} {symbol}",
                    ours=plain(own[name]),
                    theirs=plain(other[name]),
                    message=f"{venue} {symbol}, {name} of the day: the ledger has "
                    f"{plain(own[name])}, the venue's file {plain(other[name])}",
                )


_NO_TOTALS = {"bought": ZERO, "sold": ZERO, "cash": ZERO, "fees": ZERO}


def _totals(executions: _Executions, symbols: Mapping[str, str]) -> dict[str, dict[str, Decimal]]:
    totals: dict[str, dict[str, Decimal]] = {}
    for execution in executions.values():
        total = totals.setdefault(symbols.get(execution.asset, execution.asset), dict(_NO_TOTALS))
        buys = execution.shares > 0
        total["bought" if buys else "sold"] += abs(execution.shares)
        total["cash"] += -execution.gross if buys else execution.gross
        total["fees"] += execution.fee
    for total in totals.values():
        total["cash"], total["fees"] = to_cents(total["cash"]), to_cents(total["fees"])
    return totals


def _words(execution: _Execution) -> str:
    verb = "buy" if execution.shares > 0 else "sell"
    return f"{verb} {plain(abs(execution.shares))} {execution.asset} for {plain(execution.gross)}"
