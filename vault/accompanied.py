"""A transaction with company: somebody adds to it before its commit, and is told how it went."""

from types import TracebackType
from typing import Self

from domain.commits import AfterCommit, BeforeCommit
from domain.ports import UnitOfWork


class Accompanied:
    """Use it as a context around the commit and its acknowledgement."""

    def __init__(self, before_commit: BeforeCommit) -> None:
        self._before_commit = before_commit
        self._tell: AfterCommit | None = None

    def about_to_commit(self, uow: UnitOfWork) -> None:
        """Everything else is in `uow`."""
        self._tell = self._before_commit(uow)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._tell is not None:
            self._tell(kind is None)
