"""The same stories on the real vault, on both databases, and on the one in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.ports import Vault
from tests.memory import MemoryVault
from tests.oms_orders.desk import SetClock
from vault import SqlVault


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def vault(
    request: pytest.FixtureRequest, new_sqlite_url: Callable[[], str], tmp_path: Path
) -> Iterator[Vault]:
    if request.param == "memory":
        yield MemoryVault()
        return
    url = new_sqlite_url() if request.param == "sqlite" else _empty_postgres(request)
    real = SqlVault(url, clock=SetClock(), holder="test", anchor_path=tmp_path / "anchor")
    yield real
    real.close()


def _empty_postgres(request: pytest.FixtureRequest) -> str:
    """Started for the first test that asks for it."""
    migrated = request.getfixturevalue("migrated_postgres")
    migrated.empty()
    return str(migrated.url)
