"""What a session must not forget: its sequence numbers, and what it has said.

Only application messages are kept; whatever else had a number is gap-filled in a resend.
"""

from collections import deque
from collections.abc import Iterable
from typing import Protocol


class Store(Protocol):
    """Sequence numbers and sent messages of one session. The journal is one."""

    next_in: int  # MsgSeqNum (34) that the client's next message must have.
    next_out: int  # MsgSeqNum that our next message gets.

    def append(self, number: int, raw: bytes) -> None:
        """Keep an application message as it goes out. Numbers only grow."""
        ...

    def read(self, first: int, last: int) -> Iterable[tuple[int, bytes]]:
        """Kept messages from `first` to `last`, both included, by number."""
        ...

    def reset(self) -> None:
        """Both numbers begin again at 1; nothing said before is sent again."""
        ...


class MemoryStore:
    """Forgets when the process ends, and the oldest messages when it holds `room` bytes."""

    def __init__(self, room: int = 8 << 20) -> None:
        self.next_in = 1
        self.next_out = 1
        self._room = room
        self._held = 0
        self._sent: deque[tuple[int, bytes]] = deque()

    def append(self, number: int, raw: bytes) -> None:
        self._sent.append((number, raw))
        self._held += len(raw)
        while self._held > self._room:
            self._held -= len(self._sent.popleft()[1])

    def read(self, first: int, last: int) -> Iterable[tuple[int, bytes]]:
        return [kept for kept in self._sent if first <= kept[0] <= last]

    def reset(self) -> None:
        self.next_in = self.next_out = 1
        self._sent.clear()
        self._held = 0
