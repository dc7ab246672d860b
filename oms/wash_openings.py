"""Accounts that were held away and are taken over: the losses that their purchases had come along.

Once, when the account's lots enter the books. What a custodian's file leaves open is told in
words, never guessed in silence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.custody import CustodyHistory, LotHistory
from domain.exact import ZERO, to_cents
from domain.lots import TaxLot
from domain.ports import CustodyPosition, UnitOfWork
from domain.postings import Disallowance, Transaction
from domain.sold import told_parts
from domain.sources import Source
from ledger import wash_openings, wash_postings
from ledger.wash_facts import WashFacts
from ledger.wash_openings import Brought, Opened
from ledger.wash_postings import Entry
from ledger.wash_strands import Strand
from oms.wash_sales import append, facts_of, is_free, units_of
from oms.wording import dollars, shares

_Gave = Mapping[str, Mapping[tuple[str, str], UUID | None]]  # By purchase: runs, by sale and lot.
_SILENT = LotHistory()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One sentence on a line of a custodian's file."""

    source: Source
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One purchase that had replaced losses, and the lots that it may be now."""

    position: CustodyPosition
    opened: Opened
    of_security: tuple[TaxLot, ...]  # All lots of it that the account came with.
    history: CustodyHistory

    @property
    def line(self) -> Source:
        """Where its custodian tells of the account."""
        source = self.position.cash.source
        assert source is not None, "what a custodian reports comes from a file"
        return source

    def line_of(self, lot_id: str) -> Source:
        """Where its custodian tells of a lot."""
        sources = {lot.lot_id: lot.source for lot in self.of_security}
        return sources[lot_id] or self.line


def bring_in(
    uow: UnitOfWork, positions: Sequence[CustodyPosition], *, as_of: date, at: datetime
) -> tuple[Said, ...]:
    """Post it for the accounts that were just opened, and say in sentences what came of it."""
    accounts = {one.account_id: one for one in positions}
    gave = _gave(uow, accounts)
    if not gave:
        return ()
    cases = [
        _case(uow, purchase, accounts[told_parts(purchase)[0]], as_of) for purchase in sorted(gave)
    ]
    facts = _facts(uow, gave, cases)
    strands = facts.strands()
    said: list[Said] = []
    for case in cases:
        histories = case.history.lots
        brought = wash_openings.bring_in(strands, case.opened, histories)
        entry = Entry(trade_date=as_of, at=at, run_id=None, is_free=is_free(uow))
        for one in brought.found:
            run_id = gave[one.purchase][one.loss.sale, one.loss.lot_id]
            posted = wash_postings.brought_in(one, replace(entry, run_id=run_id))
            append(uow, (posted,), subject=case.position.account_id, at=at)
            said.append(Said(source=case.line_of(one.before.head.origin), words=posted.memo))
        said += _doubts(case, brought, facts)
    return tuple(said)


def _gave(uow: UnitOfWork, accounts: Mapping[str, CustodyPosition]) -> _Gave:
    """Told purchases of these accounts that stand for losses, with the runs that said so."""
    found: dict[str, dict[tuple[str, str], UUID | None]] = {}
    left: dict[str, Decimal] = {}
    for posted, one in _disallowed(uow.ledger.wash_sales()):
        if any(wash_openings.is_of(one.replacement, name) for name in accounts):
            left[one.replacement] = left.get(one.replacement, ZERO) + one.quantity
            runs = found.setdefault(one.replacement, {})
            runs.setdefault((one.sale, one.lot_id), posted.run_id)
    return {purchase: runs for purchase, runs in found.items() if left[purchase] > 0}


def _disallowed(
    transactions: Sequence[Transaction],
) -> Iterator[tuple[Transaction, Disallowance]]:
    return ((posted, one) for posted in transactions for one in posted.disallowed)


def _case(uow: UnitOfWork, purchase: str, position: CustodyPosition, as_of: date) -> _Case:
    _, security_id, _ = told_parts(purchase)
    history = uow.custody.history(position, as_of)
    return _Case(
        position=position,
        opened=wash_openings.opened_by(purchase, position.lots, history),
        of_security=tuple(lot for lot in position.lots if lot.security_id == security_id),
        history=history,
    )


def _facts(uow: UnitOfWork, gave: _Gave, cases: Sequence[_Case]) -> WashFacts:
    known = uow.ledger.all()
    names = {one.security_id for _, one in _disallowed(known)}
    names |= {lot.security_id for posted in known if posted.disallowed for lot in posted.opened}
    names |= {lot.security_id for case in cases for lot in case.opened.lots}
    units: dict[str, Decimal] = {}
    for run_id in {run for runs in gave.values() for run in runs.values()}:
        units |= _units(uow, run_id)
    return facts_of(uow, known, names, is_all=True, units=units)


def _units(uow: UnitOfWork, run_id: UUID | None) -> Mapping[str, Decimal]:
    """What derivatives stood for when the purchase was counted."""
    run = None if run_id is None else uow.runs.get(run_id)
    if run is None or run.snapshot_id is None:
        return {}
    snapshot = uow.snapshots.get(run.snapshot_id)
    return {} if snapshot is None else units_of(snapshot)


def _doubts(case: _Case, brought: Brought, facts: WashFacts) -> Iterator[Said]:
    """What the files leave open, one sentence each."""
    if brought.left:
        yield _missing(case, brought.left)
    if case.opened.lots and not case.opened.is_named:
        yield from _by_day_alone(case, brought, facts)
    yield from _unknown_references(case)
    yield from _other_losses(case, brought)


def _missing(case: _Case, left: Sequence[Strand]) -> Said:
    count = sum((one.quantity for one in left), ZERO)
    loss = sum((one.tail.loss for one in left), ZERO)
    words = (
        f"{_what(case)} replaced {shares(count)} shares that are in no lot that its account "
        f"came with: {dollars(to_cents(loss))} of losses stay out of our books, and it serves no "
        "more; it was sold before, or its lot has another day: ask the custodian"
    )
    return Said(source=case.line, words=words)


def _by_day_alone(case: _Case, brought: Brought, facts: WashFacts) -> Iterator[Said]:
    lots = case.opened.lots
    _, security_id, day = told_parts(case.opened.purchase)
    told = case.history.purchases.get(case.opened.purchase, ZERO)
    count = sum((lot.quantity for lot in lots), ZERO)
    held = facts.today(security_id, count, case.position.as_of)
    bought = facts.today(security_id, told, day)
    named = ", ".join(lot.lot_id for lot in lots)
    if held != bought:
        words = (
            f"{_what(case)} was told with {shares(told)} shares, and the lots of that day have "
            f"{shares(count)}: taken to be the same ({named}); a reference in the custodian's "
            "file of lots would say it"
        )
        yield Said(source=case.line_of(lots[0].lot_id), words=words)
    used = {one.before.head.origin for one in brought.found}
    if used and len(used) < len(lots):
        words = (
            f"{_what(case)} may be any of {named}: the first are taken; a reference in the "
            "custodian's file of lots would say it"
        )
        yield Said(source=case.line_of(lots[0].lot_id), words=words)


def _unknown_references(case: _Case) -> Iterator[Said]:
    for lot in case.of_security:
        history = case.history.lots.get(lot.lot_id, _SILENT)
        if history.reference and not history.purchase:
            words = (
                f"reference {history.reference!r} is of no purchase that a file of transactions "
                "tells: the lot is taken by its day"
            )
            yield Said(source=case.line_of(lot.lot_id), words=words)


def _other_losses(case: _Case, brought: Brought) -> Iterator[Said]:
    for lot in case.opened.lots:
        told = case.history.lots.get(lot.lot_id, _SILENT).disallowed
        mine = (o.loss.loss for o in brought.found if o.before.head.origin == lot.lot_id)
        loss = sum(mine, ZERO)
        if told > 0 and to_cents(loss) != to_cents(told):
            words = (
                f"lot {lot.lot_id} has {dollars(told)} of disallowed losses in its basis by its "
                f"custodian's word, and {dollars(to_cents(loss))} by ours: its basis is left as "
                "the custodian has it"
            )
            yield Said(source=case.line_of(lot.lot_id), words=words)


def _what(case: _Case) -> str:
    account_id, security_id, day = told_parts(case.opened.purchase)
    return f"what {account_id} bought of {security_id} on {day}"
