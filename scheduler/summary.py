"""The summary of a run: what a portfolio manager asks first.

Tracking errors are weighted by net asset value over the accounts that the
optimizer answered for; the one after is measured on the positions that are booked,
not on what was hoped for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from domain.accounts import TaxStatus
from domain.cases import Case
from domain.compliance import CheckResult, Force, Verdict
from domain.copies import CopyCount
from domain.exact import ZERO, to_cents
from domain.lots import Term
from domain.orders import ExecType, ExecutionReport, Order
from domain.postings import Break, Transaction
from domain.proposals import AccountProposal, Outcome
from domain.recommendations import Basket
from domain.snapshot import Snapshot
from ledger.positions import disallowed, realised
from oms.compliance.register import NO_CASES, Register

_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachCount:
    """Rules that did not pass, by what became of them."""

    hard: int
    overridable: int  # Blocked, and not overridden.
    soft: int
    overridden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One run in numbers. Money in dollars, tracking errors as annualised fractions."""

    run_id: UUID
    trigger: str
    snapshot: str
    accounts: int
    quarantined: int
    infeasible: int
    failed: int
    traded: int
    untouched: int  # Already best: trading would cost more than it gains.
    held: int
    orders: int
    executions: int
    shares_traded: Decimal
    notional: Decimal
    commission: Decimal
    realised_gain: Decimal
    tax_cost: Decimal
    breaches: BreachCount
    tracking_error_before: Decimal
    tracking_error_after: Decimal
    breaks: int
    copies: CopyCount | None = None  # Of the drop copies, where a venue has one.
    cases: tuple[Case, ...] = ()  # Portfolios over a limit after the run, with their clocks.
    cases_closed: tuple[Case, ...] = ()  # And those that are not any more.


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a summary is made of: everything that is stored of one run."""

    run_id: UUID
    trigger: str
    snapshot_id: str
    snapshot: Snapshot
    proposals: Sequence[AccountProposal]
    basket: Basket
    orders: Sequence[Order]
    executions: Sequence[ExecutionReport]
    transactions: Sequence[Transaction]
    breaks: Sequence[Break]
    errors_after: Mapping[str, Decimal]  # Tracking error by account, as booked.
    register: Register = NO_CASES
    copies: CopyCount | None = None


def summarise(facts: Facts) -> Summary:
    """The numbers of one run."""
    outcomes = [proposal.outcome for proposal in facts.proposals]
    trading = {
        allocation.account_id
        for order in facts.orders
        if order.cum_qty
        for allocation in order.intent.allocations
    }
    before, after = _tracking_errors(facts)
    gain, tax = _taxes(facts)
    return Summary(
        run_id=facts.run_id,
        trigger=facts.trigger,
        snapshot=facts.snapshot_id,
        accounts=len(facts.snapshot.accounts),
        quarantined=len(facts.snapshot.quarantined()),
        infeasible=outcomes.count(Outcome.INFEASIBLE),
        failed=outcomes.count(Outcome.FAILED),
        traded=len(trading),
        untouched=outcomes.count(Outcome.NO_TRADE),
        held=len(facts.basket.held),
        orders=len(facts.orders),
        executions=sum(report.exec_type is ExecType.TRADE for report in facts.executions),
        shares_traded=sum((order.cum_qty for order in facts.orders), ZERO),
        notional=sum((order.gross for order in facts.orders), ZERO),
        commission=sum((order.commission for order in facts.orders), ZERO),
        realised_gain=gain,
        tax_cost=tax,
        breaches=count_breaches(facts.basket.results),
        tracking_error_before=before,
        tracking_error_after=after,
        breaks=len(facts.breaks),
        copies=facts.copies,
        cases=facts.register.open,
        cases_closed=facts.register.closed,
    )


def count_breaches(results: Iterable[CheckResult]) -> BreachCount:
    """Answers that are not a pass, by force; "cannot tell" counts as a breach."""
    found = [result for result in results if result.verdict is not Verdict.PASS]
    forces = [result.force for result in found if result.overridden_by is None]
    return BreachCount(
        hard=forces.count(Force.HARD),
        overridable=forces.count(Force.OVERRIDABLE),
        soft=forces.count(Force.SOFT),
        overridden=len(found) - len(forces),
    )


def _tracking_errors(facts: Facts) -> tuple[Decimal, Decimal]:
    """Before and after, weighted by NAV. An account without a measure after counts as it was."""
    answered = [p for p in facts.proposals if p.outcome is not Outcome.FAILED]
    total = sum((p.net_asset_value for p in answered), ZERO)
    if not total:
        return ZERO, ZERO
    before = sum((p.net_asset_value * p.tracking_error_before for p in answered), ZERO)
    after = sum(
        (
            p.net_asset_value * facts.errors_after.get(p.account_id, p.tracking_error_before)
            for p in answered
        ),
        ZERO,
    )
    return _rounded(before / total), _rounded(after / total)


def _taxes(facts: Facts) -> tuple[Decimal, Decimal]:
    """Gain in taxable accounts that counts now, and the tax on it at each mandate's rates."""
    taxable = {
        account.account_id: account.mandate_id
        for account in facts.snapshot.accounts
        if account.tax_status is TaxStatus.TAXABLE
    }
    mandates = {mandate.mandate_id: mandate for mandate in facts.snapshot.mandates}
    gain, tax = ZERO, ZERO
    for relief in realised(facts.transactions):
        if relief.account_id not in taxable:
            continue
        mandate = mandates[taxable[relief.account_id]]
        is_long = relief.term is Term.LONG
        gain += relief.gain
        tax += relief.gain * (mandate.long_term_rate if is_long else mandate.short_term_rate)
    for loss in disallowed(facts.transactions):
        mandate = mandates[taxable[loss.account_id]]
        is_long = loss.term is Term.LONG
        gain += loss.loss
        tax += loss.loss * (mandate.long_term_rate if is_long else mandate.short_term_rate)
    return to_cents(gain), to_cents(tax)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_PLACES, rounding=ROUND_HALF_EVEN)
