"""One run with everything that is stored of it, for explanations and lists."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from console.service_port import RunDetail
from console.views import order_line
from domain.codec import decode, from_plain
from domain.compliance import CheckResult
from domain.errors import UnknownNameError
from domain.orders import Adopted, ExecutionReport, Order
from domain.ports import UnitOfWork
from domain.postings import Break, Transaction
from domain.proposals import AccountProposal
from domain.recommendations import Basket, Recommendation
from domain.runs import Approval, Run, Step
from domain.snapshot import Snapshot
from oms.adoption import adoption_of
from oms.explain import (
    Explanation,
    Signatures,
    explain_account,
    explain_order,
    trace_run,
)
from oms.wave import reductions
from scheduler.decisions import Decision
from scheduler.summary import Summary
from scheduler.verify import executions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What is stored; what the run has not reached is empty or None."""

    run: Run
    steps: tuple[str, ...]
    snapshot: Snapshot | None
    proposals: tuple[AccountProposal, ...]
    recommendations: tuple[Recommendation, ...]
    checks: tuple[CheckResult, ...]
    basket: Basket | None  # The one that was released, or else the one that was checked.
    approval: Approval | None
    orders: tuple[Order, ...]
    executions: tuple[ExecutionReport, ...]
    transactions: tuple[Transaction, ...]
    breaks: tuple[Break, ...]
    summary: Summary | None
    adopted: tuple[Adopted, ...] = ()  # Of those of its orders that we did not send.
    later: tuple[Transaction, ...] = ()  # Other runs' wash sales that stand on this one's sales.

    def of_order(self, order: Order) -> Explanation:
        """Why this order of the run is as it is."""
        return explain_order(
            order,
            recommendations=self.recommendations,
            checks=self.checks,
            approval=self.approval,
            run=self.run,
            snapshot=self._snapshot(),
            executions=self.executions,
            transactions=(*self.transactions, *self.later),
            basket=self.basket,
            adopted=next((a for a in self.adopted if a.cl_ord_id == order.intent.cl_ord_id), None),
        )

    def of_account(
        self, account_id: str, others: Sequence[Transaction], signed: Signatures
    ) -> Explanation:
        """What the run did for one account, and why not more; and its postings of elsewhere."""
        proposal = next((p for p in self.proposals if p.account_id == account_id), None)
        return explain_account(
            account_id,
            run=self.run,
            snapshot=self._snapshot(),
            proposal=proposal,
            recommendations=self.recommendations,
            checks=self.checks,
            basket=self.basket,
            approval=self.approval,
            orders=self.orders,
            transactions=(*self.transactions, *self.later),
            others=others,
            signed=signed,
        )

    def traced(self) -> Explanation:
        """The run from its trigger to its reconciliation."""
        return trace_run(
            self.run,
            snapshot=self.snapshot,
            proposals=self.proposals,
            recommendations=self.recommendations,
            checks=self.checks,
            basket=self.basket,
            approval=self.approval,
            orders=self.orders,
            executions=self.executions,
            transactions=self.transactions,
            breaks=self.breaks,
        )

    def unexplained(self) -> tuple[str, ...]:
        """ClOrdIDs of orders whose explanation has a gap."""
        found = (self.of_order(order) for order in self.orders)
        return tuple(explanation.subject for explanation in found if not explanation.is_complete)

    def _snapshot(self) -> Snapshot:
        if self.snapshot is None:
            raise UnknownNameError(
                f"run {self.run.run_id.hex} has not taken its snapshot yet; ask again in a moment"
            )
        return self.snapshot


def load(view: UnitOfWork, run: Run) -> StoredRun:
    """Everything that is stored of `run`."""
    steps = _steps(view, run.run_id)
    transactions = view.ledger.of_run(run.run_id)
    basket = decode(Basket, steps[Step.CHECK]) if Step.CHECK in steps else None
    if Step.APPROVE in steps:
        basket = decode(Decision, steps[Step.APPROVE]).basket
    orders = view.orders.of_run(run.run_id)
    return StoredRun(
        run=run,
        steps=tuple(step.value for step in steps),
        snapshot=view.snapshots.get(run.snapshot_id) if run.snapshot_id else None,
        proposals=decode(tuple[AccountProposal, ...], steps.get(Step.OPTIMISE, "[]")),
        recommendations=decode(tuple[Recommendation, ...], steps.get(Step.RECOMMEND, "[]")),
        checks=view.findings.checks(run.run_id),
        basket=basket,
        approval=view.approvals.get(run.run_id),
        orders=orders,
        adopted=tuple(found for one in orders if (found := adoption_of(view, one.intent))),
        executions=executions_of(view, run.run_id),
        transactions=transactions,
        breaks=view.findings.breaks(run.run_id),
        summary=decode(Summary, steps[Step.RECONCILE]) if Step.RECONCILE in steps else None,
        later=_later(view, run.run_id, transactions),
    )


def _later(
    view: UnitOfWork, run_id: UUID, transactions: Sequence[Transaction]
) -> tuple[Transaction, ...]:
    sales = {one.transaction_id for one in transactions if one.relieved}
    return tuple(
        posted
        for posted in view.ledger.wash_sales()
        if posted.run_id != run_id
        and sales
        & {*(one.sale for one in posted.disallowed), *(one.sale for one in posted.restated)}
    )


def detail(view: UnitOfWork, run: Run) -> RunDetail:
    """What whoever watches a run polls for: its snapshot, trades and answers are not decoded."""
    steps = _steps(view, run.run_id)
    basket = json.loads(steps[Step.CHECK]) if Step.CHECK in steps else {"results": []}
    if Step.APPROVE in steps:
        basket = json.loads(steps[Step.APPROVE])["basket"]
    return RunDetail(
        run=run,
        steps=tuple(step.value for step in steps),
        approval=view.approvals.get(run.run_id),
        orders=tuple(order_line(order) for order in view.orders.of_run(run.run_id)),
        not_passed=from_plain(tuple[CheckResult, ...], basket["results"]),
        breaks=view.findings.breaks(run.run_id),
        summary=decode(Summary, steps[Step.RECONCILE]) if Step.RECONCILE in steps else None,
        left_out=tuple(_left_out(view, run.run_id)),
    )


def _left_out(view: UnitOfWork, run_id: UUID) -> Iterator[str]:
    """Each reason once: a run that is picked up again finds the same ones."""
    said: dict[str, None] = {}
    for one in reductions(view, run_id):
        for stop in one.stopped:
            part = f" for {stop.account_id}" if stop.account_id else ""
            said[f"{stop.cl_ord_id} is not released{part}: {stop.why}"] = None
        said |= dict.fromkeys(f"{cut.cl_ord_id} is cut: {cut.why}" for cut in one.cuts)
    yield from said


def _steps(view: UnitOfWork, run_id: UUID) -> dict[Step, str]:
    documents = {step: view.runs.step(run_id, step) for step in Step}
    return {step: document for step, document in documents.items() if document is not None}
