"""The one MetaData: every table of the vault is declared on it.

A table whose rows are facts carries `info=APPEND_ONLY`; its migration installs
the triggers of `vault.append_only`, and the start is refused without them.
"""

from typing import Final

from sqlalchemy import MetaData

APPEND_ONLY: Final = {"append_only": True}

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def append_only_tables() -> tuple[str, ...]:
    """Names of the fact tables declared so far."""
    return tuple(sorted(t.name for t in metadata.tables.values() if t.info.get("append_only")))
