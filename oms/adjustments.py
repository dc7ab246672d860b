"""Adjustments by hand: one person says what the books lack, a second agrees, and it is in them.

Each has a number in its account. What it needs is asked twice, as the books may have moved on
before the second person comes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.codec import decode
from domain.errors import BadInputError, UnknownNameError
from domain.exact import ZERO, plain
from domain.lots import TaxLot
from domain.ports import CustodyPosition, UnitOfWork
from domain.postings import Transaction
from ledger.adjustments import Adjustment, adjustment, adjustment_id, overdrawn_on
from ledger.postings import opening_id
from oms.adjustment_terms import problems
from oms.by_hand.cover import free_shares
from oms.by_hand.lots import spoken_for
from oms.second_person import Proposals, require_second
from oms.wording import dollars, shares

BOOKED = "adjustment_booked"  # Audit.
_CUSTODY = "custody:"
_SHOWN = 5  # Open lots that a refusal lists.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person says, and why; `number` counts those of the account from 1."""

    number: int
    adjustment: Adjustment
    why: str


_PROPOSALS = Proposals("adjustment_proposed", Proposal)


class AdjustmentRefusedError(BadInputError):
    """The adjustment is not booked; the text says why and what to do."""


def propose(
    uow: UnitOfWork, wanted: Adjustment, *, why: str, by: str, at: datetime
) -> tuple[Proposal, Transaction]:
    """Write down what the first person says; gives what would be booked. Nothing changes yet.

    Raises `AdjustmentRefusedError`, and `UnknownNameError` for an account that is not there.
    """
    subject = _subject(wanted.account_id)
    number = len(_PROPOSALS.about(uow, subject)) + 1
    proposal = Proposal(number=number, adjustment=wanted, why=why)
    posted = _posting(uow, proposal, at)
    _PROPOSALS.write(uow, subject, proposal, by=by, at=at)
    return proposal, posted


def second(
    uow: UnitOfWork, account_id: str, number: int, *, by: str, at: datetime
) -> tuple[Proposal, Transaction]:
    """The second person agrees: it is in the books.

    Raises `AdjustmentRefusedError`, and `UnknownNameError` for an account that is not there.
    """
    subject = _subject(account_id)
    known = _PROPOSALS.about(uow, subject)
    if not 0 < number <= len(known):
        count = f"{len(known)} have been proposed" if known else "none has been proposed"
        raise AdjustmentRefusedError(
            f"{account_id} has no adjustment {number}, {count}; say it first: trimtab adjust "
            f"{account_id} --cash DOLLARS --by WHO --why WHAT"
        )
    said = known[number - 1]
    require_second(said.by, by, AdjustmentRefusedError, did="proposed this adjustment")
    if uow.ledger.get(adjustment_id(account_id, number)) is not None:
        raise AdjustmentRefusedError(
            f"adjustment {number} of {account_id} is booked already; if it has to be made twice, "
            "propose another"
        )
    posted = _posting(uow, said.proposal, at)
    uow.ledger.append(posted)
    uow.audit.append(at=at, actor=by, kind=BOOKED, subject=subject, body=said.proposal)
    return said.proposal, posted


def signatures(view: UnitOfWork, account_id: str) -> Mapping[str, tuple[str, str]]:
    """Who proposed and who agreed to each adjustment that is in the account's books."""
    subject = _subject(account_id)
    proposed = _PROPOSALS.about(view, subject)
    agreed = [entry for entry in view.audit.about(subject) if entry.kind == BOOKED]
    numbers = ((decode(Proposal, entry.body).number, entry.actor) for entry in agreed)
    return {
        adjustment_id(account_id, number): (proposed[number - 1].by, second)
        for number, second in numbers
    }


def in_words(wanted: Adjustment, posted: Transaction) -> str:
    """One sentence about what an adjustment does."""
    return f"on {wanted.day} {'; '.join(_changes(wanted, posted))}"


def _changes(wanted: Adjustment, posted: Transaction) -> Iterator[str]:
    for lot in posted.opened:
        yield (
            f"{shares(lot.quantity)} {wanted.symbol} come to {wanted.account_id} as lot "
            f"{lot.lot_id}, acquired {lot.acquired} for {dollars(lot.basis)}"
        )
    for taken in posted.relieved:
        what = f"{shares(taken.quantity)} {wanted.symbol} leave lot {taken.lot_id}"
        if wanted.cash is None:
            yield f"{what} at their cost, {dollars(taken.basis)}, without gain or loss"
        else:
            verb = "loss" if taken.gain < 0 else "gain"
            yield (
                f"{what} for {dollars(taken.proceeds)}; they cost {dollars(taken.basis)}: a "
                f"{taken.term}-term {verb} of {dollars(abs(taken.gain))}"
            )
    if wanted.cash is not None and not posted.relieved:
        verb = "comes to" if wanted.cash > 0 else "leaves"
        yield f"{dollars(abs(wanted.cash))} of cash {verb} {wanted.account_id}"


def _posting(uow: UnitOfWork, proposal: Proposal, at: datetime) -> Transaction:
    wanted = proposal.adjustment
    opening = uow.ledger.get(opening_id(wanted.account_id))
    if opening is None:
        raise UnknownNameError(
            f"no account {wanted.account_id!r} in the books; `trimtab positions` lists them all"
        )
    told = _told(uow, wanted.account_id, at.date())
    _refuse(problems(wanted))
    _refuse(_days(uow, wanted, told.as_of if told else opening.trade_date, at.date()))
    lot = _standing(uow, wanted)
    posted = adjustment(
        wanted,
        proposal.number,
        custodian=_custodian(opening, told),
        standing=lot,
        at=at,
        why=proposal.why,
    )
    if lot is not None and (day := overdrawn_on(posted, lot.lot_id, uow.ledger.all())):
        raise AdjustmentRefusedError(
            f"lot {lot.lot_id} did not have {plain(-(wanted.shares or ZERO))} shares to spare on "
            f"{day}; say --on with the day on which they left"
        )
    return posted


def _refuse(found: Iterator[str]) -> None:
    if reasons := tuple(found):
        raise AdjustmentRefusedError("; ".join(reasons))


def _told(uow: UnitOfWork, account_id: str, today: date) -> CustodyPosition | None:
    """The newest that its custodian has told of the account."""
    every = uow.custody.newest(today)
    return next((one for one in every if one.account_id == account_id), None)


def _days(uow: UnitOfWork, wanted: Adjustment, closed: date, today: date) -> Iterator[str]:
    """What stands against its day; those before `closed` were compared with the custodian's."""
    if wanted.day > today:
        yield f"{wanted.day} has not come yet; say --on with a day until {today}"
    if wanted.day < closed:
        yield (
            f"the days of {wanted.account_id} before {closed} are closed, as its custodian has "
            f"told of that day; say --on with a day from {closed} on"
        )
    splits = uow.ledger.splits(wanted.security_id) if wanted.security_id else ()
    if later := [one for one in splits if one.day > wanted.day]:
        yield (
            f"{wanted.symbol} was split on {later[-1].day}; say it in the shares that they have "
            f"become, --on a day from {later[-1].day} on"
        )


def _standing(uow: UnitOfWork, wanted: Adjustment) -> TaxLot | None:
    """The lot that shares leave, if they may."""
    if wanted.security_id is None or wanted.lot_id is None:
        return None
    lots = uow.ledger.lots(wanted.account_id, wanted.security_id)
    lot = next((one for one in lots if one.lot_id == wanted.lot_id), None)
    if lot is None:
        shown = ", ".join(f"{one.lot_id} ({plain(one.quantity)})" for one in lots[:_SHOWN])
        raise AdjustmentRefusedError(
            f"{wanted.account_id} has no open lot {wanted.lot_id!r} of {wanted.symbol}; open are "
            f"{shown or 'none'}: see `trimtab lots --account {wanted.account_id}`"
        )
    _refuse(_cover(uow, wanted, lot))
    return lot


def _cover(uow: UnitOfWork, wanted: Adjustment, lot: TaxLot) -> Iterator[str]:
    """What stands against taking the shares: the lot, or sales that are open."""
    leaving = -(wanted.shares or ZERO)
    named = spoken_for(uow, lot.account_id, lot.security_id).get(lot.lot_id, ZERO)
    _, free = free_shares(uow, lot.account_id, lot.security_id)
    if leaving > lot.quantity:
        yield (
            f"lot {lot.lot_id} has {plain(lot.quantity)} shares, {plain(leaving)} cannot leave it; "
            "say fewer, and the rest of another lot"
        )
    elif leaving > min(lot.quantity - named, free):
        yield (
            f"open sales are to take shares of lot {lot.lot_id}: "
            f"{plain(max(ZERO, min(lot.quantity - named, free)))} of {plain(lot.quantity)} are "
            f"free, {plain(leaving)} cannot leave it; cancel the order first, or wait for its end"
        )


def _custodian(opening: Transaction, told: CustodyPosition | None) -> str:
    """The book that the account came out of; what came with nothing is its custodian's of now."""
    held = (leg.book for leg in opening.legs if leg.book.startswith(_CUSTODY))
    if (book := next(held, None)) is not None:
        return book
    if told is None:
        raise AdjustmentRefusedError(
            f"{opening.transaction_id} brought nothing, and no custodian tells of the account; "
            "ingest its newest file first"
        )
    return f"{_CUSTODY}{told.custodian}"


def _subject(account_id: str) -> str:
    return f"adjustment {account_id}"
