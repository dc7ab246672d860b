"""Why an order was sent: who decided, on which data, under which rules, and what came of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from domain.codec import to_plain
from domain.compliance import CheckResult
from domain.exact import ZERO, plain
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.orders import (
    Adopted,
    Allocation,
    ExecType,
    ExecutionReport,
    Order,
    OrdType,
    Side,
)
from domain.postings import Relief, Transaction, TransactionKind
from domain.proposals import Term
from domain.recommendations import Basket, Recommendation
from domain.runs import Approval, ApprovalStatus, Run
from domain.snapshot import Snapshot
from oms.explain.answer import Explanation, Section
from oms.explain.lineage import (
    Origin,
    origins_of_accounts,
    origins_of_lots,
    origins_of_security,
    unique,
)
from oms.explain.rules import final_answers, rule_sentences
from oms.explain.wash_sale import restated_words
from oms.order_words import routed_words, terms_words
from oms.wording import counted, dollars, instant, shares

_MOVED = (ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL)


def explain_order(
    order: Order,
    *,
    recommendations: Sequence[Recommendation],
    checks: Sequence[CheckResult],
    approval: Approval | None,
    run: Run,
    snapshot: Snapshot,
    executions: Sequence[ExecutionReport],
    transactions: Sequence[Transaction],
    basket: Basket | None = None,
    adopted: Adopted | None = None,
) -> Explanation:
    """The whole chain of one order. `approval` is None when the policy released the run.

    Pass what is stored of the run; what belongs to other orders is left out here.
    `basket` is the released one: it knows which breaches were overridden. No run wanted an order
    that was `adopted`, and no rule was asked about it: `run` is where its mandates are from.
    """
    story = _Story(
        order,
        recommendations=recommendations,
        checks=final_answers(checks, basket),
        run=run,
        snapshot=snapshot,
        executions=executions,
        transactions=transactions,
        adopted=adopted,
    )
    return story.told(approval)


def approval_words(approval: Approval | None) -> str:
    """Who let the run go, in one sentence."""
    if approval is None:
        return "Released by policy: the run was small and every rule passed."
    asked = (
        f"{approval.requested_by} asked for approval on {instant(approval.requested_at)} because "
        f"{approval.why}"
    )
    if approval.status is ApprovalStatus.PENDING or approval.decided_at is None:
        return f"{asked}; nobody has decided yet."
    reason = f": {approval.decision_reason}" if approval.decision_reason else ""
    return (
        f"{asked}; {approval.status} by {approval.decided_by} on {instant(approval.decided_at)}"
        f"{reason} (basket {(approval.released_hash or approval.content_hash)[:12]})."
    )


class _Story:
    """One order with everything stored about it."""

    def __init__(
        self,
        order: Order,
        *,
        recommendations: Sequence[Recommendation],
        checks: Sequence[CheckResult],
        run: Run,
        snapshot: Snapshot,
        executions: Sequence[ExecutionReport],
        transactions: Sequence[Transaction],
        adopted: Adopted | None,
    ) -> None:
        intent = order.intent
        self.adopted = adopted
        if adopted is not None:
            recommendations, checks = (), ()
        self.order, self.intent, self.run, self.snapshot = order, intent, run, snapshot
        self.accounts = {part.account_id for part in intent.allocations}
        self.wanted = {
            r.account_id: r
            for r in recommendations
            if (r.security_id, r.side) == (intent.security_id, intent.side)
            and r.account_id in self.accounts
        }
        names = {*order.chain, f"{intent.side.name} {intent.symbol}"}
        self.checks = [c for c in checks if c.subject in self.accounts | names]
        self.executions = [
            e for e in executions if e.cl_ord_id in order.chain and e.exec_type in _MOVED
        ]
        self.postings = [t for t in transactions if t.cl_ord_id == intent.cl_ord_id]
        undone = {t.reverses for t in self.postings}
        self.standing = [
            t
            for t in self.postings
            if t.kind is TransactionKind.ALLOCATION and t.transaction_id not in undone
        ]
        sales = {t.transaction_id for t in self.standing}
        self.restated = [one for t in transactions for one in t.restated if one.sale in sales]
        self.moved: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.relieved: defaultdict[str, list[Relief]] = defaultdict(list)
        self.opened: defaultdict[str, list[TaxLot]] = defaultdict(list)
        for allocation in self.standing:
            for leg in allocation.legs:
                self.moved[leg.book, leg.asset] += leg.quantity
            for relief in allocation.relieved:
                self.relieved[relief.account_id].append(relief)
            for lot in allocation.opened:
                self.opened[lot.account_id].append(lot)
        self.lots = {lot.lot_id: lot for lot in snapshot.lots}

    def told(self, approval: Approval | None) -> Explanation:
        origins = self._origins()
        return Explanation(
            subject=self.intent.cl_ord_id,
            title=f"Order {self.intent.cl_ord_id}: {_order_words(self.order)}",
            sections=(
                Section("What happened", tuple(self._outcome())),
                Section("Why it was wanted", tuple(self._why())),
                Section("How it was routed", tuple(self._routed())),
                Section("Who released it", self._released(approval)),
                Section("Which rules were asked", self._asked()),
                Section("Who got what", tuple(self._shares())),
                Section("What the venue said", tuple(_execution_words(e) for e in self.executions)),
                Section("Which data it came from", tuple(origin.words() for origin in origins)),
            ),
            facts=self._facts(approval, origins),
            gaps=tuple(self._gaps(approval)),
        )

    def _outcome(self) -> Iterator[str]:
        order = self.order
        done, asked = shares(order.cum_qty), shares(order.order_qty)
        yield f"{order.status.name}: {done} of {asked} shares done at {self.intent.venue}."
        if order.cum_qty > 0:
            average = (order.gross / order.cum_qty).quantize(Decimal("0.0001"))
            slip = order.gross - self.intent.reference_price * order.cum_qty
            cost = slip if self.intent.side is Side.BUY else -slip
            yield (
                f"Average price {plain(average)}, {dollars(order.gross)} in all, commission "
                f"{dollars(order.commission)}; against the decision price "
                f"{plain(self.intent.reference_price)} that cost {dollars(cost)}."
            )
        if order.in_doubt:
            yield "It is in doubt: nobody knows yet what the venue has."
        if order.reason:
            yield f"The venue's reason: {order.reason}."

    def _released(self, approval: Approval | None) -> tuple[str, ...]:
        return () if self.adopted is not None else (approval_words(approval),)

    def _asked(self) -> tuple[str, ...]:
        if self.adopted is not None:
            return ("None: the venue had it before it was ours.",)
        return rule_sentences(self.checks, self.order.chain)

    def _why(self) -> Iterator[str]:
        run, adopted = self.run, self.adopted
        if adopted is not None:
            yield (
                f"{adopted.by} said that {adopted.known_as} is ours, and {adopted.seconded_by} "
                f"agreed on {instant(adopted.at)}: {adopted.why}"
            )
            yield f"No run wanted it; its accounts' mandates are those of run {run.run_id.hex}."
            return
        yield (
            f"Run {run.run_id.hex} by trigger {run.trigger} ({run.kind}), due {instant(run.due)}: "
            f"{run.why}"
        )
        for part in self.intent.allocations:
            wanted = self.wanted.get(part.account_id)
            if wanted is None:
                continue
            trimmed = ""
            if part.quantity != wanted.quantity:
                what = "cut at release" if part.quantity < wanted.quantity else "raised since"
                trimmed = f" (recommended {shares(wanted.quantity)}, {what})"
            yield f"{part.account_id}, {shares(part.quantity)} shares{trimmed}: {wanted.reason}"
            if wanted.terms:
                yield f"{part.account_id}, in basis points: {_terms_words(wanted.terms)}"

    def _routed(self) -> Iterator[str]:
        if self.intent.routed is not None:
            yield f"{routed_words(self.intent.routed)}."
            yield f"It went to {self.intent.venue} {terms_words(self.intent)}."

    def _shares(self) -> Iterator[str]:
        for part in self.intent.allocations:
            yield self._share_words(part)
            for relief in self.relieved[part.account_id]:
                yield _relief_words(relief, self.lots.get(relief.lot_id))
            for one in self.restated:
                if one.now.account_id == part.account_id:
                    name = {self.intent.security_id: self.intent.symbol}
                    yield f"  {restated_words(one, name)}"
            for lot in self.opened[part.account_id]:
                yield (
                    f"  opened lot {lot.lot_id}: {shares(lot.quantity)} shares with a "
                    f"basis of {dollars(lot.basis)}"
                )

    def _share_words(self, part: Allocation) -> str:
        got, money = self._received(part.account_id)
        verb = "paid" if money < 0 else "received"
        start = f"{part.account_id} was to have {shares(part.quantity)} shares"
        if not self.standing:
            return f"{start}; nothing is allocated yet"
        return f"{start}, got {shares(abs(got))} and {verb} {dollars(abs(money))}"

    def _received(self, account_id: str) -> tuple[Decimal, Decimal]:
        """Shares and dollars that the standing allocations moved into the account."""
        book = f"client:{account_id}"
        return self.moved[book, self.intent.security_id], self.moved[book, CASH]

    def _origins(self) -> tuple[Origin, ...]:
        relieved = {r.lot_id for t in self.standing for r in t.relieved}
        named = {lot_id for part in self.intent.allocations for lot_id in part.lot_ids}
        found = list(origins_of_security(self.snapshot, self.intent.security_id))
        found.extend(origins_of_accounts(self.snapshot, sorted(self.accounts)))
        found.extend(origins_of_lots(self.snapshot, relieved or named))
        return unique(found)

    def _gaps(self, approval: Approval | None) -> Iterator[str]:
        if self.adopted is None:
            yield from self._gaps_in_decision(approval)
        if not any(p.security_id == self.intent.security_id for p in self.snapshot.prices):
            yield "the snapshot has no price for it"
        yield from self._gaps_in_books()

    def _gaps_in_decision(self, approval: Approval | None) -> Iterator[str]:
        for account_id in sorted(self.accounts - self.wanted.keys()):
            yield f"no recommendation of {account_id} for this order"
        asked = {check.subject for check in self.checks}
        for subject in sorted((self.accounts | {self.intent.cl_ord_id}) - asked):
            yield f"no rule was asked about {subject}"
        for check in self.checks:
            if check.blocks:
                yield f"{check.rule_id} blocks {check.subject}, and the order was made all the same"
        if approval is not None and approval.status is not ApprovalStatus.APPROVED:
            yield f"the run's approval is {approval.status}"

    def _gaps_in_books(self) -> Iterator[str]:
        if self.order.cum_qty != sum((e.last_qty for e in self._standing_executions()), ZERO):
            yield "the executions do not add up to what the order filled"
        got = sum((abs(self._received(account_id)[0]) for account_id in self.accounts), ZERO)
        if self.order.is_closed and got != self.order.cum_qty:
            yield f"{shares(got)} shares are allocated, {shares(self.order.cum_qty)} were filled"
        ours = {lot.lot_id for t in self.postings for lot in t.opened}
        for relief in (r for t in self.standing for r in t.relieved):
            if relief.lot_id not in self.lots and relief.lot_id not in ours:
                yield f"lot {relief.lot_id} is not in the snapshot"

    def _standing_executions(self) -> Iterator[ExecutionReport]:
        undone = {e.exec_ref_id for e in self.executions if e.exec_ref_id is not None}
        for execution in self.executions:
            is_fill = execution.exec_type is not ExecType.TRADE_CANCEL
            if is_fill and execution.exec_id not in undone:
                yield execution

    def _facts(self, approval: Approval | None, origins: Sequence[Origin]) -> dict[str, object]:
        return {
            "order": to_plain(self.order),
            "adopted": to_plain(self.adopted),
            "run": to_plain(self.run),
            "approval": to_plain(approval),
            "recommendations": to_plain(list(self.wanted.values())),
            "checks": to_plain(self.checks),
            "executions": to_plain(self.executions),
            "transactions": to_plain(self.postings),
            "restated": to_plain(self.restated),
            "lineage": to_plain(origins),
        }


def _order_words(order: Order) -> str:
    intent = order.intent
    side = "buy" if intent.side is Side.BUY else "sell"
    price = "at the market"
    if intent.ord_type is OrdType.LIMIT and intent.limit_price is not None:
        price = f"at {plain(intent.limit_price)} or better"
    elif intent.ord_type is not OrdType.MARKET:
        price = terms_words(intent)
    accounts = counted(len(intent.allocations), "account")
    return f"{side} {shares(intent.quantity)} {intent.symbol} {price} for {accounts}"


def _terms_words(terms: Sequence[Term]) -> str:
    return ", ".join(f"{term.name} {term.basis_points:+.2f}" for term in terms)


def _relief_words(relief: Relief, lot: TaxLot | None) -> str:
    result = "gain" if relief.gain >= 0 else "loss"
    acquired = f" acquired {lot.acquired}" if lot is not None else ""
    where = f" ({lot.source})" if lot is not None and lot.source is not None else ""
    return (
        f"  relieved {shares(relief.quantity)} of lot {relief.lot_id}{acquired}{where}: basis "
        f"{dollars(relief.basis)}, proceeds {dollars(relief.proceeds)}, {relief.term}-term "
        f"{result} {dollars(abs(relief.gain))}"
    )


def _execution_words(execution: ExecutionReport) -> str:
    price = "no price" if execution.last_px is None else plain(execution.last_px)
    verb = {
        ExecType.TRADE: "filled",
        ExecType.TRADE_CORRECT: f"corrected {execution.exec_ref_id} to",
        ExecType.TRADE_CANCEL: f"busted {execution.exec_ref_id},",
    }[execution.exec_type]
    return (
        f"{instant(execution.transact_time)} {execution.venue} {execution.exec_id}: {verb} "
        f"{shares(execution.last_qty)} at {price}, fee {dollars(execution.commission)}"
    )
