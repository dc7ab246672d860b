"""A split of the clients' shares: one person says it, a second agrees, and it is in the books.

A venue's restatement changes only its own order. What everybody holds is changed by two
persons, who have read the corporate action; it is booked before anything trades that day.
"""

from dataclasses import dataclass
from datetime import date, datetime

from domain.codec import decode
from domain.errors import BadInputError
from domain.exact import ZERO, plain
from domain.ports import UnitOfWork
from domain.postings import Transaction
from domain.splits import Split
from ledger import splits
from oms.days import end_days

PROPOSED = "split_proposed"  # Audit.
BOOKED = "split_booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person says, and why."""

    split: Split
    why: str


class SplitRefusedError(BadInputError):
    """The split is not booked; the text says why and what to do."""


def propose(
    uow: UnitOfWork, split: Split, symbol: str, *, why: str, by: str, at: datetime
) -> Transaction:
    """Write down what the first person says; gives what would be booked. Nothing changes yet.

    Raises `SplitRefusedError`.
    """
    posted = _posting(uow, split, at)
    subject = _subject(symbol, split.day)
    uow.audit.append(
        at=at, actor=by, kind=PROPOSED, subject=subject, body=Proposal(split=split, why=why)
    )
    return posted


def second(
    uow: UnitOfWork, symbol: str, day: date, *, by: str, at: datetime
) -> tuple[Proposal, Transaction]:
    """The second person agrees: the clients' shares and lots are split.

    What orders that go on filled on days before goes to its accounts first, in old shares.
    Raises `SplitRefusedError`.
    """
    subject = _subject(symbol, day)
    said = [entry for entry in uow.audit.about(subject) if entry.kind == PROPOSED]
    if not said:
        raise SplitRefusedError(
            f"nobody has proposed a split of {symbol} on {day}; say first how many "
            f"shares become how many: trimtab split {symbol} NEW:OLD --on {day} --by WHO"
        )
    first, proposal = said[-1].actor, decode(Proposal, said[-1].body)
    if first.casefold() == by.casefold():
        raise SplitRefusedError(f"{by} proposed this split; ask a second person to agree")
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
