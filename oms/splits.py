"""A split of the clients' shares: one person says it, a second agrees, and it is in the books.

A venue's restatement changes only its own order. What everybody holds is changed by two
persons, who have read the corporate action; it is booked before anything trades that day.
"""

from dataclasses import dataclass
from datetime import date, datetime

from domain.errors import BadInputError
from domain.exact import ZERO, plain
from domain.ports import UnitOfWork
from domain.postings import Transaction
from domain.splits import Split
from ledger import splits
from oms.days import end_days
from oms.second_person import Proposals, require_second

BOOKED = "split_booked"  # Audit.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person says, and why."""

    split: Split
    why: str


_PROPOSALS = Proposals("split_proposed", Proposal)


class SplitRefusedError(BadInputError):
    """The split is not booked; the text says why and what to do."""


def propose(
    uow: UnitOfWork, split: Split, symbol: str, *, why: str, by: str, at: datetime
) -> Transaction:
    """Write down what the first person says; gives what would be booked. Nothing changes yet.

    Raises `SplitRefusedError`.
    """
    posted = _posting(uow, split, at)
    proposal = Proposal(split=split, why=why)
    _PROPOSALS.write(uow, _subject(symbol, split.day), proposal, by=by, at=at)
    return posted


def second(
    uow: UnitOfWork, symbol: str, day: date, *, by: str, at: datetime
) -> tuple[Proposal, Transaction]:
    """The second person agrees: the clients' shares and lots are split.

    What orders that go on filled on days before goes to its accounts first, in old shares.
    Raises `SplitRefusedError`.
    """
    subject = _subject(symbol, day)
    said = _PROPOSALS.newest(uow, subject)
    if said is None:
        raise SplitRefusedError(
            f"nobody has proposed a split of {symbol} on {day}; say first how many "
            f"shares become how many: trimtab split {symbol} NEW:OLD --on {day} --by WHO"
        )
    require_second(said.by, by, SplitRefusedError, did="proposed this split")
    proposal = said.proposal
    end_days(uow, day, at, security_id=proposal.split.security_id)
    posted = _posting(uow, proposal.split, at)
    uow.ledger.append(posted)
    uow.audit.append(at=at, actor=by, kind=BOOKED, subject=subject, body=proposal)
    return proposal, posted


def in_words(split: Split, symbol: str, posted: Transaction) -> str:
    """One sentence about what a split does to the clients."""
    more = sum((leg.quantity for leg in posted.legs if leg.book.startswith("client:")), ZERO)
    accounts = {leg.book for leg in posted.legs if leg.book.startswith("client:")}
    lots = len(posted.opened) + len(posted.relieved)
    verb = "more" if more > 0 else "fewer"
    return (
        f"{split.old} {symbol} become {split.new} on {split.day}: {plain(abs(more))} shares "
        f"{verb} in {len(accounts)} accounts and {lots} lots, at the same cost"
    )


def _posting(uow: UnitOfWork, split: Split, at: datetime) -> Transaction:
    booked = uow.ledger.splits(split.security_id)
    if any(one.day == split.day for one in booked):
        raise SplitRefusedError(
            f"a split of {split.security_id} on {split.day} is booked already; look at `trimtab "
            "audit`, and post an adjustment if it was wrong: `trimtab adjust`"
        )
    if later := [one for one in booked if one.day > split.day]:
        raise SplitRefusedError(
            f"a split of {split.security_id} on {later[0].day} is booked already, which was of "
            f"later shares than those of {split.day}: post an adjustment, `trimtab adjust`"
        )
    try:
        posted = splits.of_clients(
            split, uow.ledger.all(), uow.ledger.lots(security_id=split.security_id), at
        )
    except splits.LateSplitError as error:
        raise SplitRefusedError(str(error)) from error
    if not posted.legs:
        raise SplitRefusedError(
            f"no account held {split.security_id} when {split.day} began; check symbol and day"
        )
    return posted


def _subject(symbol: str, day: date) -> str:
    return f"split {symbol} {day}"
