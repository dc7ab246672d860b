"""Lists in a claim: their members are judged one by one, and marked all together."""

from datetime import datetime

from domain.orders import OrderIntent
from domain.ports import OutboxBody, OutboxMessage, UnitOfWork
from gateway.claims import Claim, ListParcel, mark_sent, order_of
from gateway.lists import encode_list
from gateway.settings import VenueProfile


class Listed:
    """The members of lists that may go."""

    def __init__(self) -> None:
        self._members: dict[str, list[tuple[int, OrderIntent]]] = {}

    def has(self, body: OutboxBody) -> bool:
        """Whether another member of its list goes: then it goes too, whatever room is left."""
        return isinstance(body, OrderIntent) and body.list_id in self._members

    def add(self, message: OutboxMessage) -> None:
        """A member that may go."""
        body = message.body
        assert isinstance(body, OrderIntent)
        assert body.list_id is not None
        self._members.setdefault(body.list_id, []).append((message.number, body))

    def mark(self, uow: UnitOfWork, profile: VenueProfile, claim: Claim, at: datetime) -> None:
        """Each list, whole, into the claim."""
        for members in self._members.values():
            orders = [order for _, order in members]
            fragments = encode_list(orders, account=profile.account, at=at, dialect=profile.dialect)
            claim.lists.append(ListParcel(fragments))
            claim.numbers += (number for number, _ in members)
            for order in orders:
                claim.alarms += mark_sent(uow, order, order_of(uow, order), at)


def goes_in_a_list(body: OutboxBody, profile: VenueProfile) -> bool:
    """A venue that takes no lists any more gets the orders of one as single orders."""
    return profile.dialect.list_orders > 0 and is_of_a_list(body)


def is_of_a_list(body: OutboxBody) -> bool:
    return isinstance(body, OrderIntent) and body.list_id is not None
