"""The journal of one transaction: what to undo in memory when a savepoint is taken back."""

from collections.abc import Callable
from typing import Any

Undo = Callable[[], object]
_ABSENT = object()


class Journal:
    """Acts that can be undone, newest first; none is kept while no savepoint is open."""

    def __init__(self) -> None:
        self._undos: list[Undo | tuple[dict[Any, Any], Any, Any]] = []
        self._marks: list[int] = []

    def note(self, undo: Undo) -> None:
        """How to undo what is about to happen."""
        if self._marks:
            self._undos.append(undo)

    def note_change(self, values: dict[Any, Any], key: object) -> None:
        """The value under `key` is about to change."""
        if self._marks:
            self._undos.append((values, key, values.get(key, _ABSENT)))

    def begin(self) -> None:
        """A savepoint opens."""
        self._marks.append(len(self._undos))

    def keep(self) -> None:
        """The savepoint holds; an outer one may still take its acts back."""
        self._marks.pop()
        if not self._marks:
            self._undos.clear()

    def take_back(self) -> None:
        """Undo everything since the savepoint opened."""
        mark = self._marks.pop()
        while len(self._undos) > mark:
            undo = self._undos.pop()
            if callable(undo):
                undo()
                continue
            values, key, before = undo
            if before is _ABSENT:
                del values[key]
            else:
                values[key] = before
