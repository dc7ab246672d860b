"""Runs, the stored results of their steps, and what has fired."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from domain.errors import InvariantError, UnknownNameError
from domain.runs import Run, RunStatus, Step
from vault.schema import fired, run, run_change, run_step

_PART = ".part"  # Ends the name of a step in the rows that hold only some of its result.


class SqlRuns:
    """`RunStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, new: Run) -> None:
        """Raises `InvariantError` when the run is there already."""
        if self.get(new.run_id) is not None:
            raise InvariantError(f"run {new.run_id} is there already")
        self._connection.execute(insert(run).values(run_id=new.run_id, **run_columns(new)))
        self._record(new, new.started_at)

    def get(self, run_id: UUID) -> Run | None:
        query = select(run.c.value).where(run.c.run_id == run_id)
        return self._connection.execute(query).scalar_one_or_none()

    def recent(self, limit: int) -> tuple[Run, ...]:
        """Newest first."""
        query = select(run.c.value).order_by(run.c.started_at.desc(), run.c.run_id.desc())
        return tuple(self._connection.execute(query.limit(limit)).scalars())

    def with_status(self, *statuses: RunStatus) -> tuple[Run, ...]:
        """Oldest first."""
        query = select(run.c.value).where(run.c.status.in_([status.value for status in statuses]))
        return tuple(
            self._connection.execute(query.order_by(run.c.started_at, run.c.run_id)).scalars()
        )

    def update(self, changed: Run, at: datetime) -> None:
        """Raises `UnknownNameError` when there is no such run."""
        statement = update(run).where(run.c.run_id == changed.run_id).values(**run_columns(changed))
        if self._connection.execute(statement).rowcount != 1:
            raise UnknownNameError(f"there is no run {changed.run_id}")
        self._record(changed, at)

    def save_step(self, run_id: UUID, step: Step, document: str, at: datetime) -> None:
        """Keep a step's result; the newest counts, earlier ones stay. The same text is a no-op."""
        if self.step(run_id, step) == document:
            return
        self._connection.execute(
            insert(run_step).values(run_id=run_id, step=step.value, at=at, document=document)
        )

    def step(self, run_id: UUID, step: Step) -> str | None:
        query = (
            select(run_step.c.document)
            .where(run_step.c.run_id == run_id, run_step.c.step == step.value)
            .order_by(run_step.c.number.desc())
        )
        return self._connection.execute(query.limit(1)).scalar_one_or_none()

    def keep_part(self, run_id: UUID, step: Step, document: str, at: datetime) -> None:
        """Keep what there is of a step's result, in case that it is cut off."""
        values = {"run_id": run_id, "step": step.value + _PART, "at": at, "document": document}
        self._connection.execute(insert(run_step).values(values))

    def parts(self, run_id: UUID, step: Step) -> tuple[str, ...]:
        """What was kept of a step's result, oldest first."""
        query = select(run_step.c.document).where(
            run_step.c.run_id == run_id, run_step.c.step == step.value + _PART
        )
        return tuple(self._connection.execute(query.order_by(run_step.c.number)).scalars())

    def _record(self, changed: Run, at: datetime) -> None:
        self._connection.execute(
            insert(run_change).values(run_id=changed.run_id, at=at, value=changed)
        )


class SqlTriggers:
    """`TriggerStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, trigger: str, due: datetime, run_id: UUID, at: datetime) -> bool:
        """True for the first to ask; the claim is durable with its effect or not at all."""
        query = select(fired.c.run_id).where(fired.c.trigger == trigger, fired.c.due == due)
        if self._connection.execute(query).one_or_none() is not None:
            return False
        self._connection.execute(
            insert(fired).values(trigger=trigger, due=due, run_id=run_id, at=at)
        )
        return True

    def last_due(self, trigger: str) -> datetime | None:
        query = select(func.max(fired.c.due)).where(fired.c.trigger == trigger)
        return self._connection.execute(query).scalar_one_or_none()


def run_columns(value: Run) -> dict[str, object]:
    """The columns of `run` that follow from the run."""
    return {
        "trigger": value.trigger,
        "status": value.status.value,
        "started_at": value.started_at,
        "value": value,
    }
