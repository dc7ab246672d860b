"""Append-only tables: triggers that forbid UPDATE and DELETE, on both databases.

On SQLite, INSERT OR REPLACE deletes the old row without running its delete
trigger unless recursive_triggers is on: `vault.engine` turns it on for every
connection, and `vault.preflight` checks that.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

_FUNCTION = "trimtab_refuse_change"


def install(connection: Connection, table: str) -> None:
    """Forbid changes of `table`; its migration calls this with `op.get_bind()`."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(_postgres_function()))
        connection.execute(
            text(_postgres_trigger(table, "row", "update or delete", "for each row"))
        )
        connection.execute(text(_postgres_trigger(table, "all", "truncate", "for each statement")))
        return
    for event in ("update", "delete"):
        connection.execute(text(_sqlite_trigger(table, event)))


def remove(connection: Connection, table: str) -> None:
    """Allow changes again: only for the downgrade that drops the table."""
    for name in trigger_names(connection.dialect.name, table):
        suffix = f" on {table}" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"drop trigger {name}{suffix}"))


def trigger_names(dialect: str, table: str) -> tuple[str, ...]:
    """The triggers that `install` makes."""
    kinds = ("row", "all") if dialect == "postgresql" else ("update", "delete")
    return tuple(f"append_only_{table}_{kind}" for kind in kinds)


def missing(connection: Connection, tables: Sequence[str]) -> tuple[str, ...]:
    """Which of `tables` lack one of their triggers, or have it disabled."""
    if connection.dialect.name == "postgresql":
        query = (
            "select tgname from pg_trigger join pg_class on pg_class.oid = tgrelid"
            " where relnamespace = current_schema()::regnamespace and tgenabled in ('O', 'A')"
        )
    else:
        query = "select name from sqlite_master where type = 'trigger'"
    present = set(connection.execute(text(query)).scalars())
    dialect = connection.dialect.name
    return tuple(t for t in tables if not present.issuperset(trigger_names(dialect, t)))


def _postgres_function() -> str:
    return (
        f"create or replace function {_FUNCTION}() returns trigger language plpgsql as $$ begin"
        " raise exception '% is append-only', tg_table_name; end $$"
    )


def _postgres_trigger(table: str, kind: str, events: str, scope: str) -> str:
    return (
        f"create trigger append_only_{table}_{kind} before {events} on {table}"
        f" {scope} execute function {_FUNCTION}()"
    )


def _sqlite_trigger(table: str, event: str) -> str:
    return (
        f"create trigger append_only_{table}_{event} before {event} on {table}"
        f" begin select raise(abort, '{table} is append-only'); end"
    )
