"""Commits with company: who adds to every transaction of a process before it commits."""

from collections.abc import Callable
from typing import Protocol

from domain.ports import UnitOfWork, Vault

AfterCommit = Callable[[bool], None]  # Told whether the transaction stands and is acknowledged.
BeforeCommit = Callable[[UnitOfWork], AfterCommit | None]


class AccompaniedVault(Vault, Protocol):
    """A vault of the process that writes."""

    def accompany(self, before_commit: BeforeCommit) -> None:
        """Call this at the end of each transaction that writes, before its commit.

        What it returns is told in any case. There is one at a time: another takes its place.
        """
        ...
