"""Approvals: requests and answers as events; the newest of a run is what stands."""

from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from domain.errors import BadInputError, InvariantError, UnknownNameError
from domain.runs import Approval, ApprovalStatus
from vault.schema import approval_event


class SqlApprovals:
    """`ApprovalStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def request(self, approval: Approval) -> None:
        """Ask; asking again for the same is a no-op, for other content a new request."""
        assert approval.status is ApprovalStatus.PENDING
        standing = self.get(approval.run_id)
        if standing is None or standing.content_hash != approval.content_hash:
            self._append(approval)

    def get(self, run_id: UUID) -> Approval | None:
        query = select(approval_event.c.value).where(approval_event.c.run_id == run_id)
        newest = query.order_by(approval_event.c.number.desc()).limit(1)
        return self._connection.execute(newest).scalar_one_or_none()

    def pending(self) -> tuple[Approval, ...]:
        """Oldest first."""
        newest = select(func.max(approval_event.c.number)).group_by(approval_event.c.run_id)
        query = (
            select(approval_event.c.value)
            .where(
                approval_event.c.number.in_(newest),
                approval_event.c.status == ApprovalStatus.PENDING.value,
            )
            .order_by(approval_event.c.number)
        )
        return tuple(self._connection.execute(query).scalars())

    def decide(self, approval: Approval) -> None:
        """Answer the request that stands.

        Raises `UnknownNameError` when nothing was asked, `BadInputError` when it was answered
        before or asked for other content, and `InvariantError` when requester and approver are
        one person.
        """
        assert approval.status is not ApprovalStatus.PENDING
        standing = self.get(approval.run_id)
        if standing is None:
            raise UnknownNameError(f"run {approval.run_id.hex} has not asked for an approval")
        if standing.status is not ApprovalStatus.PENDING:
            raise BadInputError(
                f"run {approval.run_id.hex} was {standing.status} by {standing.decided_by} already"
            )
        if standing.content_hash != approval.content_hash:
            raise BadInputError(
                f"run {approval.run_id.hex} waits for {standing.content_hash[:12]}, the answer is"
                f" for {approval.content_hash[:12]}: look at it again"
            )
        if approval.decided_by in (None, "", standing.requested_by):
            raise InvariantError(f"run {approval.run_id.hex} needs a second person to decide")
        self._append(approval)

    def _append(self, approval: Approval) -> None:
        self._connection.execute(
            insert(approval_event).values(
                run_id=approval.run_id, status=approval.status.value, value=approval
            )
        )
