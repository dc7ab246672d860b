"""The journal of one transaction: what to undo in memory when a savepoint is taken back."""

from collections.abc import Callable

Undo = Callable[[], object]


class Journal:
    """Acts that can be undone, newest first; none is kept while no savepoint is open."""

    def __init__(self) -> None:
        self._undos: list[Undo] = []
        self._marks: list[int] = []

    @property
    def is_kept(self) -> bool:
        """Whether an act must say how it is undone."""
        return bool(self._marks)

    def note(self, undo: Undo) -> None:
        """How to undo what is about to happen."""
        if self._marks:
            self._undos.append(undo)

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
            self._undos.pop()()
