"""A transaction with company: somebody adds to it before its commit, and is told how it went.

That it failed is told before the next one begins, which may give the same names again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Around the transaction, as long as no other one can begin."""
        try:
            yield
        except BaseException:
            self._end(stands=False)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._end(stands=kind is None)

    def _end(self, *, stands: bool) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(stands)
