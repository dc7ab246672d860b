"""The desk: what the firm has decided once for all runs, and what follows for a basket."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.compliance import CheckResult
from domain.identifiers import short_id
from domain.orders import Order, OrderIntent
from domain.overrides import GivenOverride
from domain.recommendations import Basket, Recommendation
from domain.runs import Run
from domain.snapshot import Snapshot
from oms.approval import ApprovalPolicy
from oms.basket import carried, settle
from oms.blocks import BlockSettings, block
from oms.by_hand.order import HandOrder
from oms.by_hand.routes import routes
from oms.compliance.check import check_accounts, check_orders
from oms.compliance.rules import Rule
from oms.recheck import left_out
from oms.route_blocks import route_blocks, unreachable
from oms.routing import Route, RoutingSettings
from scheduler.residuals import ResidualPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Rules, limits of what goes out without a person, and how blocks are priced and routed."""

    rules: tuple[Rule, ...]
    policy: ApprovalPolicy
    blocks: BlockSettings
    routing: RoutingSettings
    venues: frozenset[str]  # That there is a session for.
    residuals: ResidualPolicy = field(default_factory=ResidualPolicy)
    by_hand: HandOrder | None = None  # What the run is for, if a person ordered it.

    def check(
        self,
        run: Run,
        snapshot: Snapshot,
        recommendations: Sequence[Recommendation],
        *,
        recent: Sequence[Order],
        given: Sequence[GivenOverride] = (),
        at: datetime,
    ) -> tuple[Basket, tuple[CheckResult, ...]]:
        """Ask of the accounts, then of the blocks that they would make together.

        `given` are overrides of earlier runs. The basket is what may go; the answers are
        all of them, passes too, without any override.
        """
        assert run.snapshot_id is not None
        day = at.date()
        answers = check_accounts(self.rules, snapshot, recommendations, at)
        over = carried(answers, given, day)
        basket = settle(run.snapshot_id, recommendations, answers, over)
        blocks = self.blocks_of(run, snapshot, basket)
        of_blocks = self.check_orders(blocks, snapshot, recent=recent, at=at)
        answers = (*answers, *_put_to_accounts(blocks, of_blocks))
        over = carried(answers, given, day)
        return settle(run.snapshot_id, recommendations, answers, over), answers

    def check_orders(
        self,
        intents: Sequence[OrderIntent],
        snapshot: Snapshot,
        *,
        recent: Sequence[Order],
        at: datetime,
    ) -> tuple[CheckResult, ...]:
        """Ask of the orders as they would go out; `recent` are other runs' orders."""
        return check_orders(self.rules, intents, snapshot, recent, at)

    def ask_again(
        self,
        snapshot: Snapshot,
        wave: Sequence[OrderIntent],
        accounts: frozenset[str],
        *,
        basket: Basket,
        at: datetime,
    ) -> tuple[dict[str, str], tuple[CheckResult, ...]]:
        """Ask of what accounts would still trade, on what stands now; see `oms.recheck`."""
        return left_out(self.rules, snapshot, wave, accounts, earlier=basket.results, at=at)

    def blocks_of(self, run: Run, snapshot: Snapshot, basket: Basket) -> tuple[OrderIntent, ...]:
        """The basket's block orders as they would go out."""
        return tuple(route.intent for route in self.routes_of(run, snapshot, basket))

    def routes_of(self, run: Run, snapshot: Snapshot, basket: Basket) -> tuple[Route, ...]:
        """The basket's blocks and their ways: the same basket gives the same ClOrdIDs."""
        blocks = block(
            run.run_id,
            basket.recommendations,
            snapshot,
            self.blocks,
            trade_date=snapshot.as_of,
            at=run.started_at,
            short=short_id(run.run_id),
        )
        if self.by_hand is not None:
            return routes(self.by_hand, blocks, snapshot, self.routing, run.started_at)
        return route_blocks(blocks, snapshot, run.urgency, self.routing)

    def unreachable(self, routes: Sequence[Route]) -> dict[str, str]:
        """Why orders have no venue of ours to go to, by ClOrdID."""
        return unreachable(routes, self.venues)


def _put_to_accounts(
    blocks: Sequence[OrderIntent], answers: Sequence[CheckResult]
) -> Iterator[CheckResult]:
    """A blocking answer about a block is put to every account in it."""
    intents = {intent.cl_ord_id: intent for intent in blocks}
    for answer in answers:
        intent = intents[answer.subject]
        if answer.blocks:
            yield from (replace(answer, subject=a.account_id) for a in intent.allocations)
        else:
            yield replace(answer, subject=f"{intent.side.name} {intent.symbol}")
