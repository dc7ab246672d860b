"""A run from its trigger to its reconciliation, step by step, with the numbers of each."""

from collections import Counter
from collections.abc import Iterator, Sequence

from domain.codec import to_plain
from domain.compliance import CheckResult, Verdict
from domain.exact import ZERO
from domain.orders import ExecutionReport, Order, Side
from domain.postings import Break, Transaction
from domain.proposals import AccountProposal, Outcome
from domain.recommendations import Basket, Recommendation
from domain.runs import Approval, Run
from domain.snapshot import Snapshot
from ledger.positions import disallowed, realised
from oms.explain.answer import Explanation, Section
from oms.explain.order import approval_words
from oms.explain.rules import answer_words
from oms.wording import counted, dollars, instant, percent, shares


def trace_run(
    run: Run,
    *,
    snapshot: Snapshot | None,
    proposals: Sequence[AccountProposal],
    recommendations: Sequence[Recommendation],
    checks: Sequence[CheckResult],
    basket: Basket | None,
    approval: Approval | None,
    orders: Sequence[Order],
    executions: Sequence[ExecutionReport],
    transactions: Sequence[Transaction],
    breaks: Sequence[Break],
) -> Explanation:
    """Every step that was reached; a step that was not reached has nothing to say."""
    end = f", finished {instant(run.finished_at)}" if run.finished_at else ""
    return Explanation(
        subject=run.run_id.hex,
        title=f"Run {run.run_id.hex}: {run.status}, started {instant(run.started_at)}{end}",
        sections=(
            Section("Trigger", tuple(_trigger(run))),
            Section("Snapshot", tuple(_snapshot(run, snapshot))),
            Section("Optimise", tuple(_optimise(proposals))),
            Section("Recommend", tuple(_recommend(recommendations))),
            Section("Check", tuple(_check(checks, basket))),
            Section("Approve", (approval_words(approval),) if orders or approval else ()),
            Section("Route", tuple(_route(orders))),
            Section("Release and fill", tuple(_release(orders, executions))),
            Section("Book", tuple(_book(transactions))),
            Section("Reconcile", tuple(_reconcile(breaks)) if transactions else ()),
        ),
        facts={
            "run": to_plain(run),
            "proposals": dict(Counter(str(p.outcome) for p in proposals)),
            "recommendations": len(recommendations),
            "verdicts": dict(Counter(str(c.verdict) for c in checks)),
            "held": to_plain(basket.held) if basket else [],
            "basket": basket.content_hash if basket else None,
            "approval": to_plain(approval),
            "orders": [_links(order, executions, transactions) for order in orders],
            "breaks": to_plain(breaks),
        },
        gaps=tuple(_gaps(run, snapshot, orders, transactions)),
    )


def _trigger(run: Run) -> Iterator[str]:
    yield f"{run.trigger} ({run.kind}), due {instant(run.due)}: {run.why}"
    if run.account_ids:
        yield f"For {counted(len(run.account_ids), 'account')}: {', '.join(run.account_ids)}"
    if run.error:
        yield f"It stopped: {run.error}"


def _snapshot(run: Run, snapshot: Snapshot | None) -> Iterator[str]:
    if run.snapshot_id is None or snapshot is None:
        return
    stopped = snapshot.quarantined()
    yield (
        f"{run.snapshot_id} as of {snapshot.as_of}: {counted(len(snapshot.accounts), 'account')}, "
        f"{counted(len(snapshot.lots), 'lot')}, "
        f"{counted(len(snapshot.securities), 'security', 'securities')}."
    )
    for account_id, findings in sorted(stopped.items()):
        yield f"{account_id} quarantined: {'; '.join(finding.message for finding in findings)}"


def _optimise(proposals: Sequence[AccountProposal]) -> Iterator[str]:
    if not proposals:
        return
    outcomes = Counter(proposal.outcome for proposal in proposals)
    yield ", ".join(f"{counted(n, 'account')} {outcome}" for outcome, n in sorted(outcomes.items()))
    traded = [p for p in proposals if p.outcome is Outcome.TRADE]
    value = sum((p.net_asset_value for p in traded), ZERO)
    if value > 0:
        before = sum((p.tracking_error_before * p.net_asset_value for p in traded), ZERO) / value
        after = sum((p.tracking_error_after * p.net_asset_value for p in traded), ZERO) / value
        tax = sum((p.expected_tax for p in traded), ZERO)
        cost = sum((p.expected_cost for p in traded), ZERO)
        yield (
            f"Tracking error of those that trade, by value: {percent(before)} before, "
            f"{percent(after)} after; expected cost {dollars(cost)}, expected tax {dollars(tax)}."
        )
    for proposal in proposals:
        if proposal.outcome in {Outcome.INFEASIBLE, Outcome.FAILED}:
            yield f"{proposal.account_id} {proposal.outcome}: {proposal.message}"


def _recommend(recommendations: Sequence[Recommendation]) -> Iterator[str]:
    if not recommendations:
        return
    accounts = {r.account_id for r in recommendations}
    bought = sum((r.notional for r in recommendations if r.side is Side.BUY), ZERO)
    sold = sum((r.notional for r in recommendations if r.side is Side.SELL), ZERO)
    yield (
        f"{counted(len(recommendations), 'trade')} for {counted(len(accounts), 'account')}: "
        f"{dollars(bought)} to buy, {dollars(sold)} to sell."
    )


def _check(checks: Sequence[CheckResult], basket: Basket | None) -> Iterator[str]:
    if checks:
        verdicts = Counter(check.verdict for check in checks)
        passed = verdicts[Verdict.PASS]
        rules = len({check.rule_id for check in checks})
        yield (
            f"{counted(rules, 'rule')} gave {counted(len(checks), 'answer')}: {passed:,} passed, "
            f"{verdicts[Verdict.BREACH]:,} breached, {verdicts[Verdict.CANNOT_TELL]:,} could not "
            "tell."
        )
    if basket is not None:
        yield from (answer_words(result) for result in basket.results)
        yield from (f"{held.account_id} held: {held.reason}" for held in basket.held)


def _route(orders: Sequence[Order]) -> Iterator[str]:
    """How many orders each rule sent, and those that carry the rest of others on."""
    ways = [order.intent.routed for order in orders if order.intent.routed is not None]
    if ways:
        counts = sorted(Counter(way.rule for way in ways).items())
        yield ", ".join(f"{counted(n, 'order')} by rule {rule}" for rule, n in counts)
    for order in orders:
        way = order.intent.routed
        if way is not None and way.follows is not None:
            yield (
                f"{order.intent.cl_ord_id} went on with {shares(order.intent.quantity)} of "
                f"{way.follows}, by choice {way.choice} of rule {way.rule}"
            )


def _release(orders: Sequence[Order], executions: Sequence[ExecutionReport]) -> Iterator[str]:
    if not orders:
        return
    gross = sum((order.gross for order in orders), ZERO)
    fees = sum((order.commission for order in orders), ZERO)
    yield (
        f"{counted(len(orders), 'order')}, {counted(len(executions), 'execution')}, "
        f"{dollars(gross)} traded, {dollars(fees)} commission."
    )
    for order in orders:
        verb = "buy" if order.intent.side is Side.BUY else "sell"
        yield (
            f"{order.intent.cl_ord_id} {verb} {shares(order.intent.quantity)} "
            f"{order.intent.symbol} at {order.intent.venue}: {order.status.name}, "
            f"{shares(order.cum_qty)} done"
        )


def _book(transactions: Sequence[Transaction]) -> Iterator[str]:
    if transactions:
        kinds = Counter(t.kind for t in transactions)
        yield ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
        gain = sum((relief.gain for relief in realised(transactions)), ZERO)
        yield f"Realised gains and losses together {dollars(gain)}."
        later = sum((found.loss for found in disallowed(transactions)), ZERO)
        if later > 0:
            yield f"Losses of {dollars(later)} may not be deducted now: wash sales."
        if later < 0:
            yield f"Losses of {dollars(-later)} may be deducted again: a trade was taken back."


def _reconcile(breaks: Sequence[Break]) -> Iterator[str]:
    planted = sum(1 for item in breaks if item.planted)
    yield f"{counted(len(breaks), 'break')}, {planted} of them planted in the input."
    for item in breaks:
        mark = " (planted)" if item.planted else ""
        yield f"{item.kind}{mark}: {item.message}"


def _links(
    order: Order, executions: Sequence[ExecutionReport], transactions: Sequence[Transaction]
) -> dict[str, object]:
    """The chain of ids: order, its executions, its postings."""
    return {
        "cl_ord_id": order.intent.cl_ord_id,
        "accounts": [a.account_id for a in order.intent.allocations],
        "executions": [e.exec_id for e in executions if e.cl_ord_id in order.chain],
        "transactions": [
            t.transaction_id for t in transactions if t.cl_ord_id == order.intent.cl_ord_id
        ],
    }


def _gaps(
    run: Run,
    snapshot: Snapshot | None,
    orders: Sequence[Order],
    transactions: Sequence[Transaction],
) -> Iterator[str]:
    if run.snapshot_id is not None and snapshot is None:
        yield f"snapshot {run.snapshot_id} is not stored"
    booked = {t.cl_ord_id for t in transactions}
    for order in orders:
        if order.cum_qty > 0 and order.intent.cl_ord_id not in booked:
            yield f"the fills of {order.intent.cl_ord_id} are not in the ledger"
