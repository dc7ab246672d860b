"""Wishes for more of an order than was approved: one person asks, another one agrees.

The rules are asked outside the transaction that changes anything: a large book is not read while
the gateway waits to write.
"""

from collections.abc import Callable
from decimal import Decimal

from console.agreeing import how_to_agree
from console.order_life import find_order
from console.service_port import NewTerms, Telling
from domain.errors import BadInputError
from domain.exact import plain
from domain.orders import Order
from domain.ports import Clock, UnitOfWork, Vault
from oms import raising
from oms.compliance.rule_set import rules_of
from oms.replacing import Terms
from oms.rules_in_force import in_force
from oms.wire_risk import RiskLimits


class RaiseWishes:
    """How an order gets more shares than it was approved for."""

    def __init__(
        self, vault: Vault, clock: Clock, wake: Callable[[], None], limits: RiskLimits
    ) -> None:
        """`wake` tells the gateway that the outbox grew; `limits` are those at the wire."""
        self._raise_vault, self._raise_clock, self._raise_wake = vault, clock, wake
        self._raise_limits = limits

    def propose_raise(self, order: str, terms: NewTerms, by: str, why: str) -> Telling:
        """Say how many shares the order should have; nothing changes yet."""
        if terms.quantity is None:
            raise BadInputError("say how many shares it should have: --quantity")
        with self._raise_vault.read() as view:
            found = find_order(view, order)
            asked = self._ask(view, found, terms.quantity)
        wanted = Terms(
            quantity=terms.quantity,
            limit_price=found.limit_price if terms.limit is None else terms.limit,
            stop_price=terms.stop,
        )
        with self._raise_vault.write() as uow:
            found, now = find_order(uow, order), self._raise_clock.now()
            said = raising.propose(uow, found, wanted, why=why, by=by, at=now)
        name = found.intent.cl_ord_id
        parts = ", ".join(
            f"{plain(p.quantity)} for {p.account_id}" for p in asked.intent.allocations
        )
        sizes = f"{plain(wanted.quantity)} instead of {plain(found.intent.quantity)}"
        return Telling(
            subject=name,
            lines=(
                f"{by} wants {sizes} {found.intent.symbol} of {name}: {parts}: {why}",
                *(f"  {one.rule_id}: {one.sentence}" for one in asked.not_passed),
                how_to_agree(f"replace {name}"),
            ),
            facts=said,
        )

    def agree_raise(self, order: str, by: str) -> Telling:
        """The second person agrees: the venue is asked for the larger order."""
        with self._raise_vault.read() as view:
            found = find_order(view, order)
            proposal = raising.proposed(view, found, by).proposal
            asked = self._ask(view, found, proposal.quantity)
        with self._raise_vault.write() as uow:
            found, now = find_order(uow, order), self._raise_clock.now()
            raised = raising.second(uow, found, asked, limits=self._raise_limits, by=by, at=now)
        self._raise_wake()
        name, venue = raised.intent.cl_ord_id, raised.intent.venue
        line = (
            f"{venue} is asked for {plain(proposal.quantity)} shares of {name}; until it answers "
            "the order stands as it was"
        )
        return Telling(subject=name, lines=(line,), facts=proposal)

    def _ask(self, view: UnitOfWork, order: Order, quantity: Decimal) -> raising.Asked:
        now, standing = self._raise_clock.now(), in_force(view)
        rules = () if standing is None else rules_of(standing.rule_set)
        snapshot = view.snapshots.take(now.date())
        return raising.ask(view, order, quantity, snapshot=snapshot, rules=rules, at=now)
