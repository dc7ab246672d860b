"""Restricted names: what a new entry of the list stops at once.

An order that nobody has sent dies in the same transaction; of one that is out the
cancel is queued in it. Every security of a listed issuer is as restricted as the listed one.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.instruments import Security
from domain.orders import CancelRequest, Order
from domain.ports import UnitOfWork
from domain.snapshot import Restriction
from oms.cancel import cancel


def take_back(
    uow: UnitOfWork,
    restrictions: Sequence[Restriction],
    securities: Sequence[Security],
    *,
    at: datetime,
    by: str,
) -> tuple[Order, ...]:
    """Take back every open order in a restricted name; those taken back are returned.

    An order that is being cancelled already is left alone.
    """
    issuers = {security.security_id: security.issuer for security in securities}
    reasons = {
        issuers.get(entry.security_id, entry.security_id): entry.reason for entry in restrictions
    }
    taken = []
    for order in uow.orders.open():
        security_id = order.intent.security_id
        reason = reasons.get(issuers.get(security_id, security_id))
        asked = any(isinstance(wish, CancelRequest) for wish in order.pending)
        if reason is not None and not asked:
            taken.append(cancel(uow, order, at=at, why=f"restricted: {reason}", by=by))
    return tuple(taken)
