"""Kill switches: set and lifted as events; the newest of a scope and name is what stands."""

from datetime import datetime

from sqlalchemy import func, insert, select

from domain.runs import Kill
from vault.schema import kill_event
from vault.shared import Shared

_ALL = ""  # The one key under which all are remembered.


class SqlKills:
    """`KillStore` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        """The one writer remembers them: each claim of messages asks."""
        self._connection, writes, self._memory = shared
        self._is_writer = writes.is_patient

    def set(self, kill: Kill) -> None:
        """Setting again what is set keeps the first: who stopped it, and since when."""
        if not self._is_set(kill.scope, kill.name):
            self._append(
                kill.scope, kill.name, is_set=True, by=kill.by, why=kill.why, at=kill.set_at
            )

    def lift(self, scope: str, name: str, by: str, at: datetime) -> bool:
        """False when it is not set."""
        if not self._is_set(scope, name):
            return False
        self._append(scope, name, is_set=False, by=by, why="", at=at)
        return True

    def active(self) -> tuple[Kill, ...]:
        """Oldest first."""
        if not self._is_writer:
            return self._read()
        known = self._memory.kills.find(_ALL)
        if known is None:
            known = self._read()
            self._memory.kills.put(_ALL, known)
        return known

    def _read(self) -> tuple[Kill, ...]:
        newest = select(func.max(kill_event.c.number)).group_by(
            kill_event.c.scope, kill_event.c.name
        )
        query = select(kill_event).where(kill_event.c.number.in_(newest), kill_event.c.is_set)
        return tuple(
            Kill(scope=row.scope, name=row.name, by=row.by, why=row.why, set_at=row.at)
            for row in self._connection.execute(query.order_by(kill_event.c.number))
        )

    def _is_set(self, scope: str, name: str) -> bool:
        return any((kill.scope, kill.name) == (scope, name) for kill in self.active())

    def _append(
        self, scope: str, name: str, *, is_set: bool, by: str, why: str, at: datetime
    ) -> None:
        self._connection.execute(
            insert(kill_event).values(scope=scope, name=name, is_set=is_set, by=by, why=why, at=at)
        )
        self._memory.kills.put(_ALL, None)
