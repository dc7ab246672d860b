"""The same stories on the real vault and on the one in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.ports import Vault
from tests.memory import MemoryVault
from tests.oms_orders.desk import SetClock
from vault import SqlVault


@pytest.fixture(params=["sqlite", "memory"])
def vault(
    request: pytest.FixtureRequest, new_sqlite_url: Callable[[], str], tmp_path: Path
) -> Iterator[Vault]:
    if request.param == "memory":
        yield MemoryVault()
        return
    real = SqlVault(
        new_sqlite_url(), clock=SetClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    yield real
    real.close()
