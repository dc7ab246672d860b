"""Alembic's entry: runs revisions on the connection that `vault.migrate` hands over.

One environment for both databases; each upgrade is one transaction, DDL included.
"""

from alembic import context
from sqlalchemy import Connection

import vault.tables  # noqa: F401 - declares every table on the metadata
from vault.metadata import metadata


def run(connection: Connection) -> None:
    """Run what was asked for in the transaction that is already open."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
