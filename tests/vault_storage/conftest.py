"""A vault on each database, and a clock that stands where a test puts it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vault import SqlVault


class StandingClock:
    """Time moves only when a test says so."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def pass_by(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


OpenVault = Callable[..., SqlVault]


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def open_vault(database_url: str, tmp_path: Path, clock: StandingClock) -> Iterator[OpenVault]:
    """Opens one more vault on the test's database; all are closed at the end."""
    opened = []

    def make(holder: str = "test", anchor: str = "anchor.jsonl") -> SqlVault:
        vault = SqlVault(database_url, clock=clock, holder=holder, anchor_path=tmp_path / anchor)
        opened.append(vault)
        return vault

    yield make
    for vault in opened:
        vault.close()


@pytest.fixture
def vault(open_vault: OpenVault) -> SqlVault:
    return open_vault()
