"""Take-over: how an account's holdings first enter the ledger, and its cash flows later.

Both are idempotent: an account is opened once, a flow is posted once, however
often a custodian's file is read. What orders that go on filled on days before is given to its
accounts first, as the custodian has done.
"""

from dataclasses import dataclass
from datetime import date, datetime

from domain.ports import CustodyPosition, UnitOfWork
from ledger import postings
from oms.days import end_days
from oms.wash_openings import Said, bring_in

_ACTOR = "oms"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What a take-over posted."""

    opened: tuple[str, ...]  # Account ids.
    flows: tuple[str, ...]  # Transaction ids.
    said: tuple[Said, ...]  # Of losses that came along, and what the files leave open about them.


def take_over(uow: UnitOfWork, as_of: date, at: datetime) -> TakenOver:
    """Post the opening of every account that has none, then the flows that are not posted.

    An account that two custodians claim is opened by the first, by name; the
    quality checks keep it from trading.
    """
    for alarm in end_days(uow, as_of, at):
        subject = alarm.cl_ord_id
        uow.audit.append(at=at, actor=_ACTOR, kind="alarm_raised", subject=subject, body=alarm)
    opened: list[CustodyPosition] = []
    for position in sorted(uow.custody.newest(as_of), key=lambda p: (p.account_id, p.custodian)):
        opening = postings.opening(position, at)
        if uow.ledger.get(opening.transaction_id) is None:
            uow.ledger.append(opening)
            opened.append(position)
    said = bring_in(uow, opened, as_of=as_of, at=at) if opened else ()
    names = tuple(position.account_id for position in opened)
    flows: list[str] = []
    for flow in uow.custody.flows_to_post(as_of):
        uow.ledger.append(flow)
        flows.append(flow.transaction_id)
    if opened or flows:
        uow.audit.append(
            at=at,
            actor=_ACTOR,
            kind="holdings_taken_over",
            subject=as_of.isoformat(),
            body={"opened": names, "flows": flows, "said": said},
        )
    return TakenOver(opened=names, flows=tuple(flows), said=said)
