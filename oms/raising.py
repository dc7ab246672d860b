"""Raising: more shares of an order that is out than were approved, by two persons.

The first says how many, the second agrees. Both times the rules are asked about the larger
order on what stands now; the limits at the wire and the accounts' cash and shares are asked in
the transaction that asks the venue. The accounts' parts grow pro rata, and nobody's shrinks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from domain.allocation_chain import doubt_of, said_before
from domain.codec import decode
from domain.compliance import CheckResult, Verdict
from domain.exact import plain
from domain.order_states import apply
from domain.orders import Allocation, Order, OrderIntent, Raised, with_parts
from domain.ports import UnitOfWork
from domain.recommendations import Recommendation
from domain.runs import Step
from domain.snapshot import Snapshot
from oms.allocation import allocate_increment
from oms.by_hand.cover import still_to_come, uncovered
from oms.by_hand.lots import unavailable
from oms.cancel import ChangeRefusedError
from oms.compliance.check import check_accounts, check_orders
from oms.compliance.rules import Rule
from oms.generations import root_of
from oms.instructing import announce_anew
from oms.replacing import Terms, replace_order
from oms.routing import Route
from oms.second_person import Proposals, Spoken, require_second
from oms.wire_risk import RiskLimits

RAISED = "order_raised"  # Audit.
RECENT_ORDERS = 1000  # How far back the rule on duplicate orders looks, in orders.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person wants of an order; `events` are those that there then were about it."""

    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    why: str
    events: int

    @property
    def terms(self) -> Terms:
        """As a replace asks for them."""
        return Terms(
            quantity=self.quantity, limit_price=self.limit_price, stop_price=self.stop_price
        )


_PROPOSALS = Proposals("raise_proposed", Proposal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the rules say of the order as it would be; a blocking answer has refused it already."""

    intent: OrderIntent
    answers: tuple[CheckResult, ...]

    @property
    def not_passed(self) -> tuple[CheckResult, ...]:
        """What a second person should know: soft breaches."""
        return tuple(one for one in self.answers if one.verdict is not Verdict.PASS)


def ask(
    view: UnitOfWork,
    order: Order,
    quantity: Decimal,
    *,
    snapshot: Snapshot,
    rules: Sequence[Rule],
    at: datetime,
) -> Asked:
    """Ask the rules about the order with `quantity` shares, on the holdings of `snapshot`.

    Raises `ChangeRefusedError` with everything that is against it.
    """
    _require_raisable(view, order, quantity)
    _require_round_lots(order, quantity, snapshot)
    intent = with_parts(order.intent, raised_parts(order.intent, quantity))
    if short := unavailable(view, [intent], snapshot):
        raise ChangeRefusedError(order, "; ".join(short.values()))
    recent = view.orders.recent(RECENT_ORDERS)
    others = [one for one in recent if root_of(one.intent.cl_ord_id) != root_of(order.chain[0])]
    answers = (
        *check_accounts(rules, snapshot, tuple(_wanted(view, intent)), at),
        *check_orders(rules, (intent,), snapshot, others, at),
    )
    if against := [f"{one.rule_id}: {one.sentence}" for one in answers if one.blocks]:
        raise ChangeRefusedError(order, "; ".join(dict.fromkeys(against)))
    return Asked(intent=intent, answers=answers)


def raised_parts(intent: OrderIntent, quantity: Decimal) -> tuple[Allocation, ...]:
    """The accounts' parts of more shares: pro rata in whole shares, none smaller than it was."""
    before = {part.account_id: part.quantity for part in intent.allocations}
    more = allocate_increment(
        quantity - intent.quantity, before, before, key=f"{intent.cl_ord_id}:{plain(quantity)}"
    )
    return tuple(
        replace(part, quantity=part.quantity + more[part.account_id]) for part in intent.allocations
    )


def propose(
    uow: UnitOfWork, order: Order, terms: Terms, *, why: str, by: str, at: datetime
) -> Proposal:
    """Write down what the first person wants. Nothing about the order changes yet."""
    name = order.intent.cl_ord_id
    proposal = Proposal(
        quantity=terms.quantity,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        why=why,
        events=len(uow.orders.events(name)),
    )
    _PROPOSALS.write(uow, name, proposal, by=by, at=at)
    return proposal


def proposed(view: UnitOfWork, order: Order, by: str) -> Spoken[Proposal]:
    """Who wants what of it, now that `by` agrees. Raises `ChangeRefusedError`."""
    name = order.intent.cl_ord_id
    said = _PROPOSALS.newest(view, name)
    if said is None:
        raise ChangeRefusedError(
            order, f"nobody has asked for more of it; trimtab replace {name} --quantity N --raise"
        )
    require_second(said.by, by, partial(ChangeRefusedError, order), did="asked for it")
    if len(view.orders.events(name)) != said.proposal.events:
        raise ChangeRefusedError(
            order,
            f"something has happened to it since {said.by} asked for more; look at "
            f"`trimtab order {name}`, and ask again",
        )
    return said


def second(
    uow: UnitOfWork, order: Order, asked: Asked, *, limits: RiskLimits, by: str, at: datetime
) -> Order:
    """The second person agrees: more is approved, and the venue is asked for it.

    Raises `ChangeRefusedError`; then nothing of it is kept.
    """
    said = proposed(uow, order, by)
    proposal = said.proposal
    _require_raisable(uow, order, proposal.quantity)
    if proposal.quantity > limits.maximum_quantity:
        most = plain(limits.maximum_quantity)
        raise ChangeRefusedError(order, f"an order may have {most} shares")
    if short := uncovered(uow, [asked.intent]):
        raise ChangeRefusedError(order, "; ".join(short.values()))
    event = Raised(
        cl_ord_id=order.current,
        at=at,
        before=order.intent.quantity,
        allocations=asked.intent.allocations,
        why=proposal.why,
        by=said.by,
        seconded_by=by,
    )
    raised, _ = apply(order, event)
    uow.orders.append(raised, event, at)
    uow.audit.append(at=at, actor=by, kind=RAISED, subject=order.intent.cl_ord_id, body=event)
    uow.findings.add_checks(order.intent.run_id, asked.answers, at)
    announce_anew(uow, raised, at)
    why = f"{proposal.why} (with {said.by})"
    return replace_order(uow, raised, proposal.terms, limits=limits, at=at, why=why, by=by)


def _require_raisable(view: UnitOfWork, order: Order, quantity: Decimal) -> None:
    intent = order.intent
    if order.is_closed or not order.sent or order.in_doubt:
        status = order.status.name.replace("_", " ").lower()
        raise ChangeRefusedError(order, f"it is {status}, not working")
    if quantity <= order.approved:
        why = f"{plain(quantity)} is not more than the {plain(order.approved)} that were approved"
        raise ChangeRefusedError(order, f"{why}: leave --raise out")
    if why := _no_more_of_the_same(view, order):
        raise ChangeRefusedError(order, why)
    most = _volume_limit(view, intent)
    if most is not None and quantity > most:
        why = f"of its participation limit {plain(most)} shares may go out"
        raise ChangeRefusedError(order, why)


def _no_more_of_the_same(view: UnitOfWork, order: Order) -> str:
    """Why more shares would not be simply more of what was approved; empty when they would."""
    if order.splits:
        last = order.splits[-1]
        return (
            f"its shares were split {last.new} for {last.old} on {last.day}, and what was approved "
            "is counted in old ones: order the rest with `trimtab order new`"
        )
    if order.intent.cash_quantity is not None:
        dollars = f"${order.intent.cash_quantity:,.2f}"
        return (
            f"it is for {dollars} and not for a number of shares: order the rest with `trimtab "
            "order new`"
        )
    facts = view.allocations.of_order(order.intent.cl_ord_id)
    told = said_before(facts)
    if told is not None and doubt_of(facts, told.alloc_id) is not None:
        return (
            f"its broker has not answered {told.alloc_id}, which says who gets what of it: settle "
            f"that first with `trimtab resolve {told.alloc_id}`"
        )
    return ""


def _require_round_lots(order: Order, quantity: Decimal, snapshot: Snapshot) -> None:
    lots = {one.security_id: one.lot_size for one in snapshot.securities}
    size = lots.get(order.intent.security_id, 1)
    if quantity % size:
        why = f"{plain(quantity)} shares are not a multiple of the round lot of {size}"
        raise ChangeRefusedError(order, why)


def _volume_limit(view: UnitOfWork, intent: OrderIntent) -> Decimal | None:
    """Shares that the block may have by the participation limit it was routed under."""
    stored = view.runs.step(intent.run_id, Step.ROUTE)
    routes = () if stored is None else decode(tuple[Route, ...], stored)
    root = root_of(intent.cl_ord_id)
    return next((one.most for one in routes if one.intent.cl_ord_id == root), None)


def _wanted(view: UnitOfWork, intent: OrderIntent) -> Iterator[Recommendation]:
    """What each account would trade yet, counted from what is in its books."""
    for part in intent.allocations:
        quantity = still_to_come(view, intent, part.account_id)
        if quantity <= 0:
            continue
        yield Recommendation(
            account_id=part.account_id,
            security_id=intent.security_id,
            symbol=intent.symbol,
            side=intent.side,
            quantity=quantity,
            reference_price=intent.reference_price,
            notional=quantity * intent.reference_price,
            lot_ids=part.lot_ids,
            expected_cost=Decimal(0),
            expected_tax=Decimal(0),
            terms=(),
            reason="its order was raised",
        )
