"""Wishes about one order: take it back, change it, or say what became of it.

A cancel or a replace is only a wish until the venue answers; an order that the
outbox still holds dies at once.
"""

from collections.abc import Callable
from datetime import datetime

from console import allocation_wishes, change_wishes
from console.agreeing import how_to_agree
from console.order_life import find_order
from console.service_port import NewTerms, OrderLine, Telling
from console.views import order_line
from domain.errors import BadInputError
from domain.orders import Order, Settlement
from domain.ports import Clock, UnitOfWork, Vault
from oms import change_doubts, settlement
from oms.cancel import ChangeRefusedError, cancel
from oms.replacing import Terms, replace_order
from oms.wire_risk import RiskLimits

_MEANS = {
    Settlement.NEVER_REACHED: "never reached the venue, and may go out under another ClOrdID",
    Settlement.ENDED: "is over at the venue, with the fills that we have",
    Settlement.STANDS: "stands at the venue as it does here",
}


class OrderWishes:
    """What a person may want of an order, over the vault."""

    def __init__(
        self, vault: Vault, clock: Clock, wake: Callable[[], None], limits: RiskLimits
    ) -> None:
        """`wake` tells the gateway that the outbox grew or a doubt ended.

        `limits` are those that a changed order keeps.
        """
        self._orders_vault, self._orders_clock, self._orders_wake = vault, clock, wake
        self._limits = limits

    def cancel(self, order: str, by: str, why: str) -> OrderLine:
        """Take the order back, or ask the venue to."""
        with self._orders_vault.write() as uow:
            found = find_order(uow, order)
            if found.is_closed:
                raise ChangeRefusedError(found, _closed(found))
            now = self._orders_clock.now()
            line = order_line(cancel(uow, found, at=now, why=why, by=by))
        self._orders_wake()
        return line

    def replace(self, order: str, terms: NewTerms, by: str, why: str) -> OrderLine:
        """Ask the venue for another quantity, limit or stop price."""
        if terms == NewTerms():
            raise BadInputError("say what to change: --quantity, --limit, --stop or several")
        with self._orders_vault.write() as uow:
            found = find_order(uow, order)
            wanted = Terms(
                quantity=found.order_qty if terms.quantity is None else terms.quantity,
                limit_price=found.limit_price if terms.limit is None else terms.limit,
                stop_price=terms.stop,
            )
            now, limits = self._orders_clock.now(), self._limits
            line = order_line(
                replace_order(uow, found, wanted, limits=limits, at=now, why=why, by=by)
            )
        self._orders_wake()
        return line

    def propose_settlement(self, order: str, what: Settlement, by: str, why: str) -> Telling:
        """Say what became of an order in doubt, of a replace, or of an allocation by its AllocID.

        A second person must agree.
        """
        with self._orders_vault.write() as uow:
            now = self._orders_clock.now()
            if uow.allocations.order_of(order) is not None:
                return allocation_wishes.propose(uow, order, what=what, why=why, by=by, at=now)
            found = find_order(uow, order)
            if (request := change_doubts.unanswered(found, order)) is not None:
                return change_wishes.propose(uow, found, request, what=what, why=why, by=by, at=now)
            said = settlement.propose(uow, found, what=what, why=why, by=by, at=now)
        name = found.intent.cl_ord_id
        return Telling(
            subject=name,
            lines=(
                f"{by} says that {name} {_MEANS[what]}: {why}",
                how_to_agree(f"resolve {name}"),
            ),
            facts=said,
        )

    def second_settlement(self, order: str, by: str) -> Telling:
        """The second person agrees: the doubt is over."""
        with self._orders_vault.write() as uow:
            now = self._orders_clock.now()
            told = (
                allocation_wishes.second(uow, order, by=by, at=now)
                if uow.allocations.order_of(order) is not None
                else _second(uow, order, by, now)
            )
        self._orders_wake()
        return told


def _second(uow: UnitOfWork, order: str, by: str, at: datetime) -> Telling:
    found = find_order(uow, order)
    if (request := change_doubts.unanswered(found, order)) is not None:
        return change_wishes.second(uow, found, request, by=by, at=at)
    event, alarms = settlement.second(uow, found, by=by, at=at)
    name = found.intent.cl_ord_id
    said = f"{name} {_MEANS[event.what]}, say {event.by} and {by}: {event.why}"
    return Telling(subject=name, lines=(said, *(alarm.message for alarm in alarms)), facts=event)


def _closed(order: Order) -> str:
    return f"it is {order.status.name.replace('_', ' ').lower()}"
