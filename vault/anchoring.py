"""Heads on their way into the anchor file: committed, and not yet acknowledged.

Syncing takes as long as a commit, so it does not keep the next transaction waiting. Whoever comes
first writes everything that waits; each waits for its own head and for all before it, and
then, in their order, what the commits added is told.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.audit import Anchor, AuditEntry
from vault.anchor import append_anchors

Told = Callable[[Sequence[AuditEntry]], None]


@dataclass(frozen=True, slots=True)
class _Committed:
    head: Anchor
    entries: Sequence[AuditEntry]


class Anchoring:
    """The anchors of one writer. `add` in the order of commits; `settle` on any thread."""

    def __init__(self, path: Path, on_anchored: Told) -> None:
        self._path = path
        self._on_anchored = on_anchored
        self._changed = threading.Condition()
        self._waiting: deque[_Committed] = deque()
        self._added = self._settled = 0
        self._is_busy = False

    def add(self, head: Anchor, entries: Sequence[AuditEntry] = ()) -> None:
        """A commit ended with this head; it still holds the writer's lock."""
        with self._changed:
            self._waiting.append(_Committed(head, entries))
            self._added += 1

    @property
    def added(self) -> int:
        """How many heads were added: what `settle` takes to wait for all until now."""
        return self._added

    def settle(self, upto: int) -> None:
        """Return when the first `upto` heads are anchored, and what they added is told.

        Raises `OSError`; what could not be written waits, and is tried again by whoever comes next.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._settled >= upto or not self._is_busy)
            if self._settled >= upto:
                return
            self._is_busy = True
            ours = tuple(self._waiting)
        done = 0
        try:
            append_anchors(self._path, [one.head for one in ours])
            done = len(ours)
            for one in ours:
                if one.entries:
                    self._on_anchored(one.entries)
        finally:
            with self._changed:
                for _ in range(done):
                    self._waiting.popleft()
                self._settled += done
                self._is_busy = False
                self._changed.notify_all()
