"""The run: one pass of the loop, from its trigger to a reconciled ledger.

`Runner._loop` reads like the product: snapshot, optimise, recommend, check,
approve, release, verify, reconcile. Each step's result is stored under the
run's id before the next begins, so a run that was cut off goes on from where
it was, on the same snapshot and with the same ClOrdIDs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import UUID

import structlog

from domain.codec import content_name, decode, encode
from domain.compliance import CheckResult
from domain.errors import ExitCode, TrimtabError, UnknownNameError
from domain.identifiers import short_id
from domain.orders import ExecutionReport, OrderIntent
from domain.ports import Clock, UnitOfWork, Vault
from domain.postings import Break
from domain.proposals import AccountProposal
from domain.recommendations import Basket, Recommendation
from domain.runs import Run, RunStatus, Step
from domain.snapshot import Snapshot
from ledger import reconcile
from oms.admission import Stopped
from oms.approval import ApprovalPolicy, judge
from oms.basket import settle
from oms.blocks import BlockSettings, block
from oms.compliance.check import check_accounts, check_orders
from oms.compliance.rules import Rule
from oms.generations import standing
from oms.recommend import recommend
from oms.release import Release, Releaser
from scheduler import telling
from scheduler.decisions import POLICY, Decision, request
from scheduler.summary import Facts, Summary, summarise

T = TypeVar("T")
Progress = Callable[[int, int], None]
log = structlog.get_logger("scheduler")

RECENT_ORDERS = 1000  # How far back the rule on duplicate orders looks, in orders.


class Optimizer(Protocol):
    """The optimizer, wherever it computes."""

    def optimise(
        self, snapshot: Snapshot, account_ids: Sequence[str], progress: Progress
    ) -> tuple[AccountProposal, ...]: ...

    def tracking_errors(self, snapshot: Snapshot) -> Mapping[str, Decimal]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the firm has decided once for all runs."""

    rules: tuple[Rule, ...]
    policy: ApprovalPolicy
    blocks: BlockSettings


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
    ) -> None:
        self._vault, self._clock, self._optimizer = vault, clock, optimizer
        self._desk, self._releaser, self._progress = desk, releaser, progress

    def walk(self, run_id: UUID) -> Run:
        """Take a run as far as it goes: to its end, to a person's desk, or to a failure.

        A failure is stored with the run and raised. One that says "try again"
        leaves the run as it is, to be walked again.
        """
        run = self._find(run_id)
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

    def _loop(self, run: Run) -> Run:
        if run.status in (RunStatus.DONE, RunStatus.REJECTED):
            return run
        run = self._set(run, status=RunStatus.RUNNING, error=None)
        run, snapshot = self._snapshot(run)
        proposals = self._optimise(run, snapshot)
        recommendations = self._recommend(run, snapshot, proposals)
        basket = self._check(run, snapshot, recommendations)
        decision = self._approve(run, basket)
        if decision is None:
            return self._find(run.run_id)
        release = self._release(run, snapshot, decision.basket)
        breaks = self._verify(run, release)
        summary = self._reconcile(run, snapshot, proposals, decision.basket, breaks)
        run = self._set(run, status=RunStatus.DONE, finished_at=self._clock.now())
        telling.end(summary)
        return run

    def _snapshot(self, run: Run) -> tuple[Run, Snapshot]:
        def take() -> str:
            with self._vault.write() as uow:
                return uow.snapshots.put(uow.snapshots.take(run.due.date()), self._clock.now())

        snapshot_id = self._once(run, Step.SNAPSHOT, str, take)
        with self._vault.read() as view:
            snapshot = view.snapshots.get(snapshot_id)
        assert snapshot is not None, "a snapshot is stored before it is named"
        if run.snapshot_id is None:  # Seen for the first time, so not yet told.
            telling.quarantine(snapshot)
        return self._set(run, snapshot_id=snapshot_id), snapshot

    def _optimise(self, run: Run, snapshot: Snapshot) -> tuple[AccountProposal, ...]:
        def tell(done: int, of: int) -> None:
            self._progress(run.run_id, Step.OPTIMISE, done, of)

        return self._once(
            run,
            Step.OPTIMISE,
            tuple[AccountProposal, ...],
            lambda: self._optimizer.optimise(snapshot, run.account_ids, tell),
            say=telling.misfortunes,
        )

    def _recommend(
        self, run: Run, snapshot: Snapshot, proposals: Sequence[AccountProposal]
    ) -> tuple[Recommendation, ...]:
        return self._once(
            run,
            Step.RECOMMEND,
            tuple[Recommendation, ...],
            lambda: recommend(snapshot, proposals),
        )

    def _check(
        self, run: Run, snapshot: Snapshot, recommendations: Sequence[Recommendation]
    ) -> Basket:
        """Accounts first, then the blocks that the accounts would make together."""
        assert run.snapshot_id is not None
        snapshot_id, at = run.snapshot_id, self._clock.now()
        asked: list[CheckResult] = []

        def ask() -> Basket:
            asked.extend(check_accounts(self._desk.rules, snapshot, recommendations, at))
            basket = settle(snapshot_id, recommendations, asked)
            asked.extend(self._check_blocks(run, snapshot, basket))
            return settle(snapshot_id, recommendations, asked)

        return self._once(
            run,
            Step.CHECK,
            Basket,
            ask,
            also=lambda uow: uow.findings.add_checks(run.run_id, asked, at),
            say=telling.breaches,
        )

    def _check_blocks(self, run: Run, snapshot: Snapshot, basket: Basket) -> Iterator[CheckResult]:
        """What the rules say of the blocks; a blocking answer is put to every account in it."""
        blocks = {intent.cl_ord_id: intent for intent in self._blocks(run, snapshot, basket)}
        for answer in self._ask_of_orders(tuple(blocks.values()), snapshot):
            intent = blocks[answer.subject]
            if answer.blocks:
                yield from (replace(answer, subject=a.account_id) for a in intent.allocations)
            else:
                yield replace(answer, subject=f"{intent.side.name} {intent.symbol}")

    def _ask_of_orders(
        self, intents: Sequence[OrderIntent], snapshot: Snapshot
    ) -> tuple[CheckResult, ...]:
        runs = {intent.run_id for intent in intents}
        with self._vault.read() as view:
            recent = [o for o in view.orders.recent(RECENT_ORDERS) if o.intent.run_id not in runs]
        return check_orders(self._desk.rules, intents, snapshot, recent, self._clock.now())

    def _blocks(self, run: Run, snapshot: Snapshot, basket: Basket) -> tuple[OrderIntent, ...]:
        """The basket's block orders: the same basket gives the same ClOrdIDs."""
        return block(
            run.run_id,
            basket.recommendations,
            snapshot,
            self._desk.blocks,
            trade_date=snapshot.as_of,
            at=run.started_at,
            short=short_id(run.run_id),
        )

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
            return self._once(run, Step.APPROVE, Decision, lambda: decision)
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
        log.warning("approval_requested", detail=why, notional=str(basket.notional))
        return None

    def _release(self, run: Run, snapshot: Snapshot, basket: Basket) -> Release:
        """Ask the rules about the orders as they will go out, then send them in waves."""

        def send() -> Release:
            intents = self._blocks(run, snapshot, basket)
            answers = self._ask_of_orders(intents, snapshot)
            with self._vault.write() as uow:
                begun = {order.intent.cl_ord_id for order in uow.orders.of_run(run.run_id)}
                uow.findings.add_checks(run.run_id, answers, self._clock.now())
            refused = {
                answer.subject: answer.sentence
                for answer in answers
                if answer.blocks and answer.subject not in begun
            }
            allowed = tuple(i for i in intents if i.cl_ord_id not in refused)
            release = self._releaser.release(run.run_id, allowed, snapshot)
            stopped = (Stopped(cl_ord_id=i, account_id=None, why=w) for i, w in refused.items())
            return replace(release, stopped=(*stopped, *release.stopped))

        return self._once(run, Step.RELEASE, Release, send, say=telling.reductions)

    def _verify(self, run: Run, release: Release) -> tuple[Break, ...]:
        """Intended against executed, and the wire against the ledger."""
        breaks: list[Break] = []

        def compare() -> tuple[Break, ...]:
            with self._vault.read() as view:
                orders = standing(view.orders.of_run(run.run_id))
                breaks.extend(reconcile.intended_against_executed(orders))
                breaks.extend(
                    reconcile.executions_against_ledger(
                        executions_of(view, run.run_id), view.ledger.of_run(run.run_id)
                    )
                )
                breaks.extend(reconcile.blocks_left_over(view.ledger.balances()))
            breaks.extend(_not_released(release))
            return tuple(breaks)

        return self._once(
            run,
            Step.VERIFY,
            tuple[Break, ...],
            compare,
            also=lambda uow: uow.findings.add_breaks(run.run_id, breaks, self._clock.now()),
            say=telling.differences,
        )

    def _reconcile(
        self,
        run: Run,
        snapshot: Snapshot,
        proposals: Sequence[AccountProposal],
        basket: Basket,
        breaks: Sequence[Break],
    ) -> Summary:
        """Measure what is booked, and close the run with its numbers."""

        def measure() -> Summary:
            assert run.snapshot_id is not None
            with self._vault.read() as view:
                after = view.snapshots.take(snapshot.as_of)
                orders = standing(view.orders.of_run(run.run_id))
                executions = executions_of(view, run.run_id)
                transactions = view.ledger.of_run(run.run_id)
            return summarise(
                Facts(
                    run_id=run.run_id,
                    trigger=run.trigger,
                    snapshot_id=run.snapshot_id,
                    snapshot=snapshot,
                    proposals=proposals,
                    basket=basket,
                    orders=orders,
                    executions=executions,
                    transactions=transactions,
                    breaks=breaks,
                    errors_after=self._optimizer.tracking_errors(after),
                )
            )

        return self._once(run, Step.RECONCILE, Summary, measure)

    def _once(
        self,
        run: Run,
        step: Step,
        kind: type[T],
        compute: Callable[[], T],
        *,
        also: Callable[[UnitOfWork], None] = lambda _uow: None,
        say: Callable[[T], None] = lambda _value: None,
    ) -> T:
        """The step's stored result, or compute it now and store it (and `also`) before going on.

        `say` logs what is worth a line; a run that is picked up again does not repeat it.
        """
        with self._vault.read() as view:
            stored = view.runs.step(run.run_id, step)
        if stored is not None:
            return decode(kind, stored)
        log.info("step_started", step=step.value)
        self._progress(run.run_id, step, 0, 0)
        begun = self._clock.now()
        value = compute()
        document, now = encode(value), self._clock.now()
        with self._vault.write() as uow:
            also(uow)
            uow.runs.save_step(run.run_id, step, document, now)
            uow.audit.append(
                at=now,
                actor="scheduler",
                kind="step_finished",
                subject=run.run_id.hex,
                body={"step": step, "result": content_name(document)},
            )
        log.info("step_finished", step=step.value, seconds=round((now - begun).total_seconds(), 3))
        say(value)
        return value

    def _find(self, run_id: UUID) -> Run:
        with self._vault.read() as view:
            run = view.runs.get(run_id)
        if run is None:
            raise UnknownNameError(f"no run {run_id.hex}; `trimtab runs` lists the runs there are")
        return run

    def _set(self, run: Run, **changes: object) -> Run:
        changed = replace(run, **changes)  # type: ignore[arg-type] # the fields' own names
        if changed != run:
            with self._vault.write() as uow:
                uow.runs.update(changed, self._clock.now())
        return changed

    def _fail(self, run_id: UUID, error: str) -> None:
        log.error("run_failed", detail=error)
        self._set(self._find(run_id), status=RunStatus.FAILED, error=error)


def executions_of(view: UnitOfWork, run_id: UUID) -> tuple[ExecutionReport, ...]:
    """The executions of one run's orders, by any ClOrdID of their chains."""
    orders = view.orders.of_run(run_id)
    names = {name for order in orders for name in order.chain}
    days = sorted({(order.intent.trade_date, order.intent.venue) for order in orders})
    return tuple(
        report
        for day, venue in days
        for report in view.orders.executions(day, venue)
        if report.cl_ord_id in names
    )


def _not_released(release: Release) -> Iterator[Break]:
    for stopped in release.stopped:
        part = f" for {stopped.account_id}" if stopped.account_id else ""
        yield Break(
            kind="order_not_released",
            subject=f"{stopped.cl_ord_id} {stopped.account_id or ''}".strip(),
            ours="approved",
            theirs="not released",
            message=f"{stopped.cl_ord_id} was approved and not released{part}: {stopped.why}",
        )
    for cl_ord_id in release.unfinished:
        yield Break(
            kind="order_unfinished",
            subject=cl_ord_id,
            ours="open",
            theirs="unknown",
            message=f"the venue has not said how {cl_ord_id} ended",
        )
