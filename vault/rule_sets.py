"""Rule sets at rest, by name; the audit trail says which was in force, and when."""

from sqlalchemy import Connection, insert, select

from domain.rule_sets import RuleSet
from vault.schema import rule_set


class SqlRuleSets:
    """`RuleSetStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rules: RuleSet) -> None:
        if self.get(rules.name) is None:
            self._connection.execute(insert(rule_set).values(name=rules.name, value=rules))

    def get(self, name: str) -> RuleSet | None:
        query = select(rule_set.c.value).where(rule_set.c.name == name)
        found: RuleSet | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def all(self) -> tuple[RuleSet, ...]:
        """Oldest first."""
        query = select(rule_set.c.value).order_by(rule_set.c.number)
        return tuple(self._connection.execute(query).scalars())
