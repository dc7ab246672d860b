"""Route blocks: what a snapshot knows of each block, put to the routing rules."""

from collections.abc import Iterable, Mapping, Sequence

from domain.fact_words import SECURITY
from domain.facts import About
from domain.orders import OrderIntent
from domain.runs import Urgency
from domain.snapshot import Snapshot
from oms.blocks import directed
from oms.routing import Known, Route, RoutingSettings, route


def route_blocks(
    blocks: Iterable[OrderIntent],
    snapshot: Snapshot,
    urgency: Urgency,
    settings: RoutingSettings,
) -> tuple[Route, ...]:
    """The way of each block, in the blocks' order; the same facts give the same ways."""
    securities = {security.security_id: security for security in snapshot.securities}
    kinds, chosen = _kinds(snapshot), directed(snapshot)
    return tuple(
        route(
            block,
            Known(
                security=securities[block.security_id],
                kind=kinds.get(block.security_id, SECURITY["kind"].usual or ""),
                urgency=urgency,
                directed_to=chosen.get(block.allocations[0].account_id),
            ),
            settings,
        )
        for block in blocks
    )


def unreachable(routes: Sequence[Route], venues: frozenset[str]) -> dict[str, str]:
    """Why orders cannot go, by ClOrdID: a client's venue is none of ours."""
    known = ", ".join(sorted(venues))
    return {
        one.intent.cl_ord_id: (
            f"it is directed to {one.intent.venue}, which is no venue of ours; known: {known}: "
            "correct the fact directed_to"
        )
        for one in routes
        if one.intent.venue not in venues
    }


def _kinds(snapshot: Snapshot) -> Mapping[str, str]:
    return {
        fact.subject: fact.value
        for fact in snapshot.facts
        if fact.about is About.SECURITY and fact.name == "kind"
    }
