"""The run: one pass of the loop, from its trigger to a reconciled ledger.

`Runner._loop` reads like the product: snapshot, optimise, recommend, check,
approve, route, release, verify, reconcile. Each step's result is stored under the
run's id before the next begins, so a run that was cut off goes on from where
it was, on the same snapshot and with the same ClOrdIDs.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog

from domain.codec import decode
from domain.compliance import CheckResult
from domain.copies import CopyCount
from domain.errors import ExitCode, NotDueError, TrimtabError
from domain.exact import plain
from domain.orders import ExecutionReport, Order, OrderIntent
from domain.ports import Clock, UnitOfWork, Vault
from domain.postings import Break
from domain.proposals import AccountProposal, Outcome
from domain.recommendations import Basket, Recommendation
from domain.runs import Run, RunStatus, Step
from domain.snapshot import Snapshot
from oms import wash_sales
from oms.admission import Stopped
from oms.approval import judge
from oms.by_hand.order import HandOrder
from oms.compliance.rules import Rule
from oms.generations import root_of, standing
from oms.recheck import reasons_of_accounts
from oms.recommend import recommend
from oms.release import Release, Releaser
from oms.routing import Route
from scheduler import residuals, telling, verify
from scheduler.by_hand import is_by_hand
from scheduler.cases import Findings, ask, enter
from scheduler.decisions import POLICY, Decision, request
from scheduler.desk import Desk
from scheduler.parts import Answered, Parts
from scheduler.record import RunRecord
from scheduler.summary import Facts, Summary, summarise

Progress = Callable[[int, int], None]
Copied = Callable[[UnitOfWork, Sequence[ExecutionReport], datetime], CopyCount | None]
log = structlog.get_logger("scheduler")

RECENT_ORDERS = 1000  # How far back the rule on duplicate orders looks, in orders.


class Optimizer(Protocol):
    """The heavy work, wherever it computes."""

    def optimise(
        self,
        snapshot: Snapshot,
        account_ids: Sequence[str],
        progress: Progress,
        answered: Answered,
    ) -> tuple[AccountProposal, ...]: ...

    def tracking_errors(self, snapshot: Snapshot) -> Mapping[str, Decimal]: ...
    def check_portfolios(
        self,
        rules: Sequence[Rule],
        snapshot: Snapshot,
        at: datetime,
        wanted: Collection[tuple[str, str]],
    ) -> tuple[CheckResult, ...]: ...


class Runner:
    """Walks runs through their steps; one run is walked by one thread at a time."""

    def __init__(
        self,
        *,
        vault: Vault,
        clock: Clock,
        optimizer: Optimizer,
        desk: Desk,
        releaser: Releaser,
        progress: Callable[[UUID, Step, int, int], None] = lambda *_: None,
        copied: Copied = lambda *_: None,
    ) -> None:
        """`copied` counts what drop copies have told of a run's executions."""
        self._vault, self._clock, self._optimizer = vault, clock, optimizer
        self._desk, self._releaser, self._progress = desk, releaser, progress
        self._copied = copied
        self._record = RunRecord(vault, clock, progress)
        self._hand_over: Callable[[UUID], None] = lambda _run_id: None

    def hand_over_to(self, hand_over: Callable[[UUID], None]) -> None:
        """Who walks the runs that come of runs; without anybody they wait for the next start."""
        self._hand_over = hand_over

    def use_rules(self, rules: Sequence[Rule]) -> None:
        """Ask these from the next question on; what is checked is not checked again."""
        self._desk = replace(self._desk, rules=tuple(rules))

    def walk(self, run_id: UUID) -> Run:
        """Take a run as far as it goes: to its end, to a person's desk, or to a failure.

        A failure is stored with the run and raised. One that says "try again"
        leaves the run as it is, to be walked again.
        """
        run = self._record.find(run_id)
        with structlog.contextvars.bound_contextvars(run=run_id.hex, trace_id=run_id.hex):
            try:
                return self._loop(run)
            except TrimtabError as error:
                if error.exit_code != ExitCode.TRY_AGAIN:
                    self._fail(run_id, str(error))
                raise
            except Exception as error:
                self._fail(run_id, f"{type(error).__name__}: {error}")
                raise

    def _fail(self, run_id: UUID, error: str) -> None:
        """Keep why it cannot go on, and see to what it has out."""
        self._record.fail(run_id, error)
        telling.alarm(self._releaser.abandon(run_id))

    def _loop(self, run: Run) -> Run:
        if run.status in (RunStatus.DONE, RunStatus.REJECTED):
            return run
        if run.snapshot_id is None and run.due > self._clock.now():
            raise NotDueError(f"run {run.run_id.hex} is due at {run.due.isoformat()}", run.due)
        if run.snapshot_id is None and run.due > run.started_at:  # It was made ahead of its time.
            run = self._record.change(run, started_at=self._clock.now())
        run = self._record.change(run, status=RunStatus.RUNNING, error=None)
        run, snapshot = self._snapshot(run)
        proposals = self._optimise(run, snapshot)
        recommendations = self._recommend(run, snapshot, proposals)
        basket = self._check(run, snapshot, recommendations)
        decision = self._approve(run, basket)
        if decision is None:
            return self._record.find(run.run_id)
        routes = self._route(run, snapshot, decision.basket)
        release = self._release(run, snapshot, decision.basket, routes)
        breaks = self._verify(run, snapshot, release)
        made: list[Run] = []
        closing = partial(self._follow_up, made, run, routes, release)
        summary = self._reconcile(
            run, snapshot, proposals, decision.basket, breaks, closing=closing
        )
        for one in made:
            log.info("residuals_kept", next_run=one.run_id.hex, due=one.due.isoformat())
            self._hand_over(one.run_id)
        run = self._record.change(run, status=RunStatus.DONE, finished_at=self._clock.now())
        telling.end(summary)
        return run

    def _snapshot(self, run: Run) -> tuple[Run, Snapshot]:
        taken: list[Snapshot] = []

        def take() -> str:
            """Taken from a consistent view, so that nobody's acknowledgement waits for it."""
            with self._vault.read() as view:
                taken.append(view.snapshots.take(run.due.date()))
            with self._vault.write() as uow:
                return uow.snapshots.put(taken[0], self._clock.now())

        snapshot_id = self._record.once(run, Step.SNAPSHOT, str, take)
        snapshot = taken[0] if taken else self._stored_snapshot(snapshot_id)
        if run.snapshot_id is None:  # Seen for the first time, so not yet told.
            telling.quarantine(snapshot)
        return self._record.change(run, snapshot_id=snapshot_id), snapshot

    def _stored_snapshot(self, snapshot_id: str) -> Snapshot:
        with self._vault.read() as view:
            snapshot = view.snapshots.get(snapshot_id)
        assert snapshot is not None, "a snapshot is stored before it is named"
        return snapshot

    def _optimise(self, run: Run, snapshot: Snapshot) -> tuple[AccountProposal, ...]:
        def tell(done: int, of: int) -> None:
            self._progress(run.run_id, Step.OPTIMISE, done, of)

        return self._record.once(
            run,
            Step.OPTIMISE,
            tuple[AccountProposal, ...],
            lambda: self._optimizer.optimise(
                snapshot, run.account_ids, tell, Parts(self._vault, self._clock, run.run_id)
            ),
            say=telling.misfortunes,
        )

    def _recommend(
        self, run: Run, snapshot: Snapshot, proposals: Sequence[AccountProposal]
    ) -> tuple[Recommendation, ...]:
        return self._record.once(
            run,
            Step.RECOMMEND,
            tuple[Recommendation, ...],
            lambda: recommend(snapshot, proposals),
        )

    def _check(
        self, run: Run, snapshot: Snapshot, recommendations: Sequence[Recommendation]
    ) -> Basket:
        """Every answer is stored; the same answers again take the place of the first."""

        def check() -> Basket:
            at = self._clock.now()
            recent = self._orders_of_others(run)
            with self._vault.read() as view:
                given = view.overrides.holding(at.date())
            basket, answers = self._desk_of(run).check(
                run, snapshot, recommendations, recent=recent, given=given, at=at
            )
            with self._vault.write() as uow:
                uow.findings.add_checks(run.run_id, answers, at)
            return basket

        return self._record.once(run, Step.CHECK, Basket, check, say=telling.breaches)

    def _desk_of(self, run: Run) -> Desk:
        """The desk as it is now, with the order by hand that the run is for, if it is."""
        with self._vault.read() as view:
            stored = view.runs.step(run.run_id, Step.ORDER)
        return replace(self._desk, by_hand=None if stored is None else decode(HandOrder, stored))

    def _orders_of_others(self, run: Run) -> tuple[Order, ...]:
        with self._vault.read() as view:
            recent = view.orders.recent(RECENT_ORDERS)
        return tuple(order for order in recent if order.intent.run_id != run.run_id)

    def _approve(self, run: Run, basket: Basket) -> Decision | None:
        """What was decided; None while a person has not decided yet."""
        with self._vault.read() as view:
            stored = view.runs.step(run.run_id, Step.APPROVE)
            asked = view.approvals.get(run.run_id)
        if stored is not None:
            return decode(Decision, stored)
        why = judge(self._desk.policy, basket)
        if asked is None and why is None:
            decision = Decision(basket=basket, by=POLICY, why="within limits, and no breach")
            return self._record.once(run, Step.APPROVE, Decision, lambda: decision)
        return self._wait_for_a_person(run, basket, why or "it was asked for before")

    def _wait_for_a_person(self, run: Run, basket: Basket, why: str) -> Decision | None:
        """Request and status are one transaction: an answer of the next moment finds both."""
        now = self._clock.now()
        with self._vault.write() as uow:
            stored = uow.runs.step(run.run_id, Step.APPROVE)
            if stored is not None:
                return decode(Decision, stored)
            if uow.approvals.get(run.run_id) is None:
                request(uow, run, basket, why, now)
            uow.runs.update(replace(run, status=RunStatus.AWAITING_APPROVAL), now)
        log.warning("approval_requested", detail=why, notional=plain(basket.notional))
        return None

    def _ask_again(
        self,
        run: Run,
        snapshot: Snapshot,
        basket: Basket,
        wave: Sequence[OrderIntent],
        accounts: frozenset[str],
    ) -> dict[str, str]:
        """Who must leave: its sales were not done, or what goes on breaks a rule on orders."""
        at = self._clock.now()
        following = [intent for intent in wave if intent.routed and intent.routed.follows]
        recent = self._orders_of_others(run) if following else ()
        with self._vault.read() as view:
            now = view.snapshots.take(snapshot.as_of)
        reasons, answers = self._desk.ask_again(now, wave, accounts, basket=basket, at=at)
        of_orders = self._desk.check_orders(following, now, recent=recent, at=at)
        reasons |= reasons_of_accounts(following, of_orders)
        answers += of_orders
        with self._vault.write() as uow:
            uow.findings.add_checks(run.run_id, answers, at)
        return reasons

    def _route(self, run: Run, snapshot: Snapshot, basket: Basket) -> tuple[Route, ...]:
        """Blocks and their ways, kept: another configuration does not change them half-way."""
        return self._record.once(
            run,
            Step.ROUTE,
            tuple[Route, ...],
            lambda: self._desk_of(run).routes_of(run, snapshot, basket),
        )

    def _release(
        self, run: Run, snapshot: Snapshot, basket: Basket, routes: Sequence[Route]
    ) -> Release:
        """Ask the rules about the orders as they will go out, then send them in waves."""

        def send() -> Release:
            refused = self._refused(run, snapshot, routes)
            allowed = tuple(r for r in routes if r.intent.cl_ord_id not in refused)
            release = self._releaser.release(
                run.run_id,
                allowed,
                snapshot,
                partial(self._ask_again, run, snapshot, basket),
                by_hand=self._desk_of(run).by_hand is not None,
            )
            stopped = (Stopped(cl_ord_id=i, account_id=None, why=w) for i, w in refused.items())
            return replace(release, stopped=(*stopped, *release.stopped))

        return self._record.once(run, Step.RELEASE, Release, send, say=telling.reductions)

    def _refused(self, run: Run, snapshot: Snapshot, routes: Sequence[Route]) -> Mapping[str, str]:
        """Why blocks do not go out, by ClOrdID; asked again only while one has not begun to."""
        with self._vault.read() as view:
            orders = view.orders.of_run(run.run_id)
        begun = {root_of(order.intent.cl_ord_id) for order in orders}
        refused = self._desk.unreachable(routes)
        intents, at = tuple(route.intent for route in routes), self._clock.now()
        if all(intent.cl_ord_id in begun for intent in intents):
            return refused
        recent = self._orders_of_others(run)
        with self._vault.read() as view:
            newest = replace(snapshot, restrictions=view.snapshots.restrictions(at.date()))
        answers = self._desk.check_orders(intents, newest, recent=recent, at=at)
        with self._vault.write() as uow:
            uow.findings.add_checks(run.run_id, answers, at)
        forbidden = {
            answer.subject: answer.sentence
            for answer in answers
            if answer.blocks and answer.subject not in begun
        }
        return {**forbidden, **refused}

    def _post_wash_sales(self, run: Run, snapshot: Snapshot) -> None:
        """Losses that the run's purchases, or its sales, have made undeductible."""
        with self._vault.write() as uow:
            day, now = snapshot.as_of, self._clock.now()
            posted = wash_sales.post(uow, snapshot, run_id=run.run_id, trade_date=day, at=now)
        for transaction in posted:
            log.info("wash_sale_posted", detail=transaction.memo)

    def _follow_up(
        self,
        made: list[Run],
        run: Run,
        routes: Sequence[Route],
        release: Release,
        uow: UnitOfWork,
    ) -> None:
        """The run of the next session for what is left, where the firm wants one."""
        if self._desk.residuals.schedule is None or is_by_hand(uow, run.run_id):
            return
        left = residuals.accounts_left(uow, routes, uow.orders.of_run(run.run_id), release)
        now = self._clock.now()
        following = residuals.follow_up(uow, run, left, self._desk.residuals, now)
        if following is not None:
            made.append(following)

    def _verify(self, run: Run, snapshot: Snapshot, release: Release) -> tuple[Break, ...]:
        """Intended against executed, and the wire against the ledger."""

        def compare() -> tuple[Break, ...]:
            self._post_wash_sales(run, snapshot)
            with self._vault.read() as view:
                return verify.differences(view, run.run_id, release)

        return self._record.once(
            run,
            Step.VERIFY,
            tuple[Break, ...],
            compare,
            also=lambda uow, found: uow.findings.add_breaks(run.run_id, found, self._clock.now()),
            say=telling.differences,
        )

    def _reconcile(
        self,
        run: Run,
        snapshot: Snapshot,
        proposals: Sequence[AccountProposal],
        basket: Basket,
        breaks: Sequence[Break],
        *,
        closing: Callable[[UnitOfWork], None],
    ) -> Summary:
        """Measure what is booked, and close the run with its numbers and with `closing`."""
        found: list[Findings] = []

        def measure() -> Summary:
            assert run.snapshot_id is not None
            with self._vault.read() as view:
                after = view.snapshots.take(snapshot.as_of)
                orders = standing(view.orders.of_run(run.run_id))
                executions = verify.executions_of(view, run.run_id)
                transactions = view.ledger.of_run(run.run_id)
                known = view.cases.standing()
                copies = self._copied(view, executions, run.started_at)
            check, now = self._optimizer.check_portfolios, self._clock.now()
            found.append(ask(check, self._desk.rules, after, known, now))
            return summarise(
                Facts(
                    run_id=run.run_id,
                    trigger=run.trigger,
                    snapshot_id=run.snapshot_id,
                    snapshot=snapshot,
                    proposals=self._measured(proposals, snapshot),
                    basket=basket,
                    orders=orders,
                    executions=executions,
                    transactions=transactions,
                    breaks=breaks,
                    errors_after=self._optimizer.tracking_errors(after),
                    register=found[0].register(known),
                    copies=copies,
                )
            )

        def book(uow: UnitOfWork, _summary: Summary) -> None:
            enter(uow, found[0], self._clock.now())
            closing(uow)

        return self._record.once(run, Step.RECONCILE, Summary, measure, also=book)

    def _measured(
        self, proposals: Sequence[AccountProposal], snapshot: Snapshot
    ) -> Sequence[AccountProposal]:
        """With the tracking errors that nobody measured before an order by hand went out."""
        if all(proposal.outcome is not Outcome.ORDERED for proposal in proposals):
            return proposals
        errors = self._optimizer.tracking_errors(snapshot)
        return [
            replace(p, tracking_error_before=errors.get(p.account_id, p.tracking_error_before))
            for p in proposals
        ]
