"""What the stores of one transaction share."""

from typing import NamedTuple

from sqlalchemy import Connection

from vault.memory import Memory, UnitMemory
from vault.writes import Writes


class Shared(NamedTuple):
    """Where they read, what waits to be written, and what is known already."""

    connection: Connection
    writes: Writes
    memory: UnitMemory


def shared(connection: Connection, memory: Memory | None = None) -> Shared:
    """`memory` is what the one writer knows, without which all is read and nothing waits."""
    writes = Writes(connection, is_patient=memory is not None)
    return Shared(connection, writes, UnitMemory(memory or Memory()))
