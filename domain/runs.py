"""Runs: one pass of the loop, from its trigger to a reconciled ledger.

The effect of a trigger is unique by (trigger, due). A run is resumable: the
result of each step is stored under the run's id before the next step begins.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Step(StrEnum):
    """The steps of a run, in order."""

    ORDER = "order"  # Of a run that a person's own order made: what was wanted.
    SNAPSHOT = "snapshot"
    OPTIMISE = "optimise"
    RECOMMEND = "recommend"
    CHECK = "check"
    APPROVE = "approve"
    ROUTE = "route"
    RELEASE = "release"
    VERIFY = "verify"
    RECONCILE = "reconcile"


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    DONE = "done"
    REJECTED = "rejected"  # A person said no.
    FAILED = "failed"  # It could not go on; the error is kept and the run may be resumed.


class TriggerKind(StrEnum):
    """What makes a trigger due."""

    CRON = "cron"
    CALENDAR = "calendar"
    DRIFT = "drift"
    MANUAL = "manual"


class Urgency(StrEnum):
    """How much a run is in a hurry: what routing rules may ask for."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass of the loop."""

    run_id: UUID
    trigger: str
    kind: TriggerKind
    due: datetime
    why: str  # One sentence: what made it due.
    account_ids: tuple[str, ...]  # Empty: every account.
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None = None
    snapshot_id: str | None = None
    error: str | None = None
    urgency: Urgency = Urgency.NORMAL


class ApprovalStatus(StrEnum):
    """Where a request for approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request to release a run, and its answer.

    `content_hash` names exactly what was asked about: the hash of the checked
    basket. The approver is never the requester.
    """

    run_id: UUID
    content_hash: str
    requested_by: str
    requested_at: datetime
    why: str  # Why the policy did not release it by itself.
    status: ApprovalStatus = ApprovalStatus.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    released_hash: str | None = None  # What was let go: the basket with the approver's overrides.


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill switch: no new order in its scope reaches the wire after it is committed."""

    scope: str  # One of `domain.kills.Scope`.
    name: str  # "" for the firm.
    by: str
    why: str
    set_at: datetime
