"""Approval: small clean runs go by policy, anything else waits for a second person.

What was approved is named by its hash, and only that is executed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.compliance import CheckResult, Force, Verdict
from domain.errors import BadInputError
from domain.recommendations import Basket
from domain.runs import Approval, ApprovalStatus
from oms.second_person import is_same_person


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """What may be released without a person."""

    max_orders: int  # Block orders: one per name and side.
    max_notional: Decimal  # Dollars, buys and sells alike.


class ApprovalRefusedError(BadInputError):
    """The decision does not count, and why."""


class SelfApprovalError(ApprovalRefusedError):
    """The requester cannot be the one who decides."""

    def __init__(self, *, by: str) -> None:
        super().__init__(f"{by} requested this run and cannot decide it: ask a second person")
        self.by = by


class ContentChangedError(ApprovalRefusedError):
    """The basket is not the one for which approval was requested."""

    def __init__(self, *, requested: str, found: str) -> None:
        super().__init__(
            f"the basket changed since approval was requested: it was {requested[:12]}, it is "
            f"{found[:12]}; request approval again"
        )
        self.requested, self.found = requested, found


class AlreadyDecidedError(ApprovalRefusedError):
    """A decision is made once."""

    def __init__(self, *, approval: Approval) -> None:
        super().__init__(
            f"run {approval.run_id.hex} was {approval.status} by {approval.decided_by} already"
        )
        self.approval = approval


def judge(policy: ApprovalPolicy, basket: Basket) -> str | None:
    """Why a person must look at the basket, every reason; None when the policy releases it."""
    reasons = []
    orders = len({(r.security_id, r.side) for r in basket.recommendations})
    if orders > policy.max_orders:
        reasons.append(f"{orders} orders, the policy releases at most {policy.max_orders}")
    if basket.notional > policy.max_notional:
        reasons.append(
            f"${basket.notional:,.2f} to trade, the policy releases at most "
            f"${policy.max_notional:,.2f}"
        )
    reasons.extend(_unclean(basket.results))
    return "; ".join(reasons) or None


def approve(
    approval: Approval,
    *,
    by: str,
    at: datetime,
    reason: str,
    requested: Basket,
    final: Basket | None = None,
) -> Approval:
    """The approval, given: it names the basket that will be executed.

    `requested` is the basket for which approval was requested; `final` is the
    same with the approver's overrides settled, when there are any. Raises
    `SelfApprovalError`, `ContentChangedError`, `AlreadyDecidedError`, or
    `ApprovalRefusedError` for an empty name, and for overrides by somebody who
    is not the approver.
    """
    _may_decide(approval, by)
    if requested.content_hash != approval.content_hash:
        raise ContentChangedError(requested=approval.content_hash, found=requested.content_hash)
    released = requested if final is None else final
    if not _differs_by_overrides_only(requested, released):
        raise ContentChangedError(requested=requested.content_hash, found=released.content_hash)
    for result in released.results:
        if result.overridden_by not in (None, by) and result not in requested.results:
            raise ApprovalRefusedError(
                f"rule {result.rule_id} was overridden for {result.subject} by "
                f"{result.overridden_by}, not by the approver {by}"
            )
    return replace(
        approval,
        released_hash=released.content_hash,
        status=ApprovalStatus.APPROVED,
        decided_by=by,
        decided_at=at,
        decision_reason=reason or None,
    )


def reject(approval: Approval, *, by: str, at: datetime, reason: str) -> Approval:
    """The approval, refused. Raises as `approve` does; a refusal needs a written reason."""
    _may_decide(approval, by)
    if not reason.strip():
        raise ApprovalRefusedError("a refusal needs a written reason")
    return replace(
        approval,
        status=ApprovalStatus.REJECTED,
        decided_by=by,
        decided_at=at,
        decision_reason=reason,
    )


def _may_decide(approval: Approval, by: str) -> None:
    if not by.strip():
        raise ApprovalRefusedError("a decision needs the name of who decides")
    if approval.status is not ApprovalStatus.PENDING:
        raise AlreadyDecidedError(approval=approval)
    if is_same_person(by, approval.requested_by):
        raise SelfApprovalError(by=by)


def _differs_by_overrides_only(requested: Basket, released: Basket) -> bool:
    """The same answers but for overrides, and more trades only of accounts that were held."""
    was_held = {held.account_id for held in requested.held}
    kept = tuple(r for r in released.recommendations if r.account_id not in was_held)
    return (
        released.snapshot_id == requested.snapshot_id
        and _bare(released) == _bare(requested)
        and kept == requested.recommendations
        and {held.account_id for held in released.held} <= was_held
    )


def _bare(basket: Basket) -> tuple[CheckResult, ...]:
    return tuple(replace(r, overridden_by=None, override_reason=None) for r in basket.results)


def _unclean(results: tuple[CheckResult, ...]) -> list[str]:
    """One reason per force of what did not pass."""
    reasons = []
    for force in Force:
        answers = [r for r in results if r.force is force and r.verdict is not Verdict.PASS]
        if answers:
            names = ", ".join(sorted({answer.rule_id for answer in answers}))
            breach = "breach" if len(answers) == 1 else "breaches"
            reasons.append(f"{len(answers)} {force} {breach} ({names})")
    return reasons
