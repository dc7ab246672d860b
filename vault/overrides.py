"""Overrides at rest: each that was ever given."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, insert, select

from domain.overrides import GivenOverride
from vault.schema import override_given


class SqlOverrides:
    """`OverrideStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, given: Sequence[GivenOverride]) -> None:
        rows = [
            {
                "run_id": one.run_id,
                "rule_id": one.rule_id,
                "account_id": one.account_id,
                "until": one.until,
                "at": one.given,
                "value": one,
            }
            for one in given
        ]
        if rows:
            self._connection.execute(insert(override_given), rows)

    def all(self) -> tuple[GivenOverride, ...]:
        """Oldest first."""
        query = select(override_given.c.value).order_by(override_given.c.number)
        return tuple(self._connection.execute(query).scalars())

    def holding(self, day: date) -> tuple[GivenOverride, ...]:
        """Those that still count on a day, oldest first."""
        query = select(override_given.c.value).where(override_given.c.until >= day)
        return tuple(self._connection.execute(query.order_by(override_given.c.number)).scalars())
