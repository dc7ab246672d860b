"""Numbers of new rows, given before the rows are written.

They are taken in blocks: on SQLite above the highest, as there is one writer; on
PostgreSQL from the column's own sequence, so that whoever else inserts agrees.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, func, select, text

from vault.memory import Block, UnitMemory

_BLOCK = 200


class Numbers:
    """Gives the numbers of one table."""

    def __init__(self, connection: Connection, table: Table, memory: UnitMemory) -> None:
        self._connection, self._table, self._memory = connection, table, memory

    def next(self) -> int:
        """A number above all before."""
        block = self._memory.numbers.find(self._table.name)
        if block is None or block.used == len(block.numbers):
            block = Block(self._reserved(), 0)
        used = block.used + 1
        self._memory.numbers.put(self._table.name, Block(block.numbers, used))
        return block.numbers[used - 1]

    def _reserved(self) -> Sequence[int]:
        if self._connection.dialect.name == "sqlite":
            highest = self._connection.execute(select(func.max(self._table.c.number))).scalar() or 0
            return range(highest + 1, highest + 1 + _BLOCK)
        query = text(
            "select nextval(pg_get_serial_sequence(:name, 'number'))"
            " from generate_series(1, :count)"
        )
        values = {"name": self._table.name, "count": _BLOCK}
        return self._connection.execute(query, values).scalars().all()
