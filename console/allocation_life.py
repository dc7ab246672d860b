"""What was said between us and a broker about a block's accounts, as lines that people read."""

from collections.abc import Iterable, Iterator

from console.service_port import LifeLine
from domain.allocations import (
    AllocatedPart,
    AllocationAck,
    AllocationAnswer,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationReport,
    AllocationSent,
    AllocationSettled,
    AllocationWithdrawn,
)
from domain.exact import plain


def allocation_lines(facts: Iterable[AllocationFact]) -> Iterator[LifeLine]:
    """One for each fact, oldest first; an AllocID or AllocReportID stands for the ClOrdID."""
    for fact in facts:
        yield _line(fact)


def _line(fact: AllocationFact) -> LifeLine:
    match fact:
        case AllocationInstruction():
            refers = f" of {fact.refers_to}" if fact.refers_to else ""
            words = f"{fact.kind.name.lower()}, {fact.transaction.name.lower()}{refers}"
            return LifeLine(
                at=fact.requested_at,
                message="AllocationInstruction",
                cl_ord_id=fact.alloc_id,
                note=f"{words}: {_shared(fact.parts)}",
            )
        case AllocationAck():
            return LifeLine(
                at=fact.transact_time,
                message="AllocationInstructionAck",
                cl_ord_id=fact.alloc_id,
                note=": ".join(filter(None, (_words(fact.status.name), fact.reason))),
            )
        case AllocationReport():
            return LifeLine(
                at=fact.transact_time,
                message="AllocationReport",
                cl_ord_id=fact.report_id,
                note=f"{_shared(fact.parts)} at {plain(fact.average_price)}",
            )
        case AllocationAnswer():
            return LifeLine(
                at=fact.at,
                message="AllocationReportAck",
                cl_ord_id=fact.report_id,
                note=": ".join(filter(None, (_words(fact.status.name), fact.text))),
            )
        case AllocationSettled():
            at, message = fact.at, fact.what.value.replace("_", " ")
            note = f"{fact.why} ({fact.by}, seconded by {fact.seconded_by})"
        case AllocationSent():
            at, message, note = fact.sent_at, "AllocationInstruction", "sent"
        case AllocationLost():
            at, message, note = fact.at, "never sent", fact.why
        case AllocationDoubted():
            at, message, note = fact.at, "in doubt", fact.why
        case AllocationWithdrawn():
            at, message, note = fact.at, "withdrawn", fact.why
    return LifeLine(at=at, message=message, cl_ord_id=fact.alloc_id, note=note)


def _shared(parts: Iterable[AllocatedPart]) -> str:
    return ", ".join(f"{part.account_id} {plain(part.quantity)}" for part in parts)


def _words(name: str) -> str:
    return name.replace("_", " ").lower()
