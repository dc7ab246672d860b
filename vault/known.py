"""What the one writer knows of the database without asking it.

Values are immutable, so what is kept here is what the database says as long as
this process is its only writer. A transaction works on changes of its own,
which count when it commits; a savepoint that is taken back undoes its part.
"""

from typing import Generic, TypeVar

from vault.journal import Journal

K = TypeVar("K")
V = TypeVar("V")


class Known(Generic[K, V]):
    """Committed values by key; when there are too many, all are forgotten and read again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.is_whole = False  # All that there are in the database are here.
        self.values: dict[K, V] = {}

    def clear(self) -> None:
        """Another process may have written meanwhile."""
        self.values.clear()
        self.is_whole = False

    def keep(self, changed: dict[K, V | None]) -> None:
        """What a commit left; None: there is nothing to know."""
        if len(self.values) + len(changed) > self._most:
            self.clear()
        for key, value in changed.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value


class Changes(Generic[K, V]):
    """One transaction's view: its own changes over what is known."""

    def __init__(self, known: Known[K, V], journal: Journal) -> None:
        self._known, self._journal = known, journal
        self._changed: dict[K, V | None] = {}
        self._has_read_all = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing needs reading to know all that there are."""
        return self._known.is_whole or self._has_read_all

    def have_read_all(self) -> None:
        """Every one was put here."""
        self._journal.note(self._have_not_read_all)
        self._has_read_all = True

    def all(self) -> list[V]:
        """Every value that is known."""
        found = {**self._known.values, **self._changed}
        return [value for value in found.values() if value is not None]

    def find(self, key: K) -> V | None:
        """The value, when it is known here."""
        if key in self._changed:
            return self._changed[key]
        return self._known.values.get(key)

    def put(self, key: K, value: V | None) -> None:
        """The value as this transaction has it; None: not known any more."""
        self._journal.note_change(self._changed, key)
        self._changed[key] = value

    def changed(self) -> dict[K, V | None]:
        """What this transaction put."""
        return dict(self._changed)

    def commit(self) -> None:
        """What this transaction has is now what stands."""
        self._known.is_whole = self.is_whole
        self._known.keep(self._changed)

    def _have_not_read_all(self) -> None:
        self._has_read_all = False
