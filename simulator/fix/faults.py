"""What goes wrong on a session's wire when it is told to. Pure and seeded: seconds in, bytes out.

Sequence numbers and the store stay right all the while, as they do when a network is to blame; so a
client that recovers as the standard says loses nothing. Only application messages are lost,
damaged, swapped or counted, never what is sent again with PossDupFlag.
"""

from collections import deque
from random import Random

_ADMIN = frozenset(b"35=" + kind for kind in (b"0", b"1", b"2", b"3", b"4", b"5", b"A"))
_LONG_AGO = float("-inf")


class Faults:
    """Of one session, as long as it lives; what is held back goes with its connection."""

    def __init__(self, seed: str = "") -> None:
        self.cut = False  # The connection is to break now.
        self.held_bytes = 0
        self._draw = Random(seed)  # noqa: S311  Faults, not secrets.
        self._losses = self._damages = self._swaps = 0
        self._drop_after: int | None = None
        self._silent_until = self._stubborn_until = _LONG_AGO
        self._deaf_until: float | None = None
        self._delay = self._jitter = 0.0
        self._first: bytes | None = None  # Waits for the one that goes before it.
        self._held: deque[tuple[float, bytes]] = deque()  # By due time.

    # What is to go wrong.

    def disconnect(self) -> None:
        """Break the connection, without a Logout."""
        self.cut = True

    def drop_after(self, messages: int) -> None:
        """Break the connection once so many more messages have been sent."""
        assert messages > 0
        self._drop_after = messages

    def lose(self, messages: int = 1) -> None:
        """So many messages use up their number and do not leave; a resend brings them."""
        self._losses += messages

    def damage(self, messages: int = 1) -> None:
        """So many messages leave with a wrong checksum."""
        self._damages += messages

    def swap(self, times: int = 1) -> None:
        """A message leaves after the next one, so that numbers arrive out of order."""
        self._swaps += times

    def delay(self, seconds: float, jitter: float = 0.0) -> None:
        """Everything leaves so much later, up to `jitter` more; TCP keeps the order. 0: no more."""
        self._delay, self._jitter = seconds, jitter

    def fall_silent(self, until: float) -> None:
        """Nothing leaves, no heartbeat either; it all follows then."""
        self._silent_until = until

    def stop_reading(self, until: float) -> None:
        """Nothing is read from the socket: the client's own buffers fill."""
        self._deaf_until = until

    def refuse_resends(self, until: float) -> None:
        """A ResendRequest is not answered."""
        self._stubborn_until = until

    # What happens.

    @property
    def is_active(self) -> bool:
        """Whether a turn has something to do here even when nothing is said."""
        return self.cut or self._deaf_until is not None or bool(self._held)

    def reads(self, seconds: float) -> bool:
        """Whether the socket is read."""
        if self._deaf_until is not None and seconds >= self._deaf_until:
            self._deaf_until = None
        return self._deaf_until is None

    def resends(self, seconds: float) -> bool:
        """Whether ResendRequests are answered."""
        return seconds >= self._stubborn_until

    def next_due(self) -> float | None:
        """When something held back leaves, or the socket is read again."""
        dues = [] if self._deaf_until is None else [self._deaf_until]
        if self._held:
            dues.append(max(self._held[0][0], self._silent_until))
        return min(dues, default=None)

    def passed(self, out: list[bytes], seconds: float) -> list[bytes]:
        """Of what is to be written: what leaves now, as it leaves."""
        if self._is_idle():
            return out
        for raw in out:
            for one in self._altered(raw):
                last = self._held[-1][0] if self._held else seconds
                self._held.append((max(last, seconds + self._wait()), one))
                self.held_bytes += len(one)
        if seconds < self._silent_until:
            return []
        self._silent_until = _LONG_AGO
        leaving = []
        while self._held and self._held[0][0] <= seconds:
            leaving.append(self._held.popleft()[1])
        self.held_bytes -= sum(map(len, leaving))
        return leaving

    def forget(self) -> None:
        """The connection is gone, and what was held back with it."""
        self._held.clear()
        self.held_bytes = 0
        self._first = None
        self.cut = False

    def _is_idle(self) -> bool:
        counted = self._losses or self._damages or self._swaps or self._drop_after is not None
        timed = self._delay or self._jitter or self._silent_until is not _LONG_AGO
        return not (counted or timed or self.cut or self._held or self._first is not None)

    def _wait(self) -> float:
        return self._delay + (self._draw.random() * self._jitter if self._jitter else 0.0)

    def _altered(self, raw: bytes) -> list[bytes]:
        """What becomes of a message: gone, damaged, held for the next, or as it is."""
        if self.cut:
            return []
        if _is_repeated(raw):
            self._first = None  # It is sent again, and must not follow as an original.
            return [raw]
        if _is_admin(raw):
            return [raw]
        if self._drop_after is not None:
            self._drop_after -= 1
            if not self._drop_after:
                self._drop_after, self.cut = None, True
        if self._losses:
            self._losses -= 1
            return []
        if self._damages:
            self._damages -= 1
            raw = raw[:-4] + b"%03d\x01" % ((int(raw[-4:-1]) + 1) % 256)
        return self._swapped(raw)

    def _swapped(self, raw: bytes) -> list[bytes]:
        if self._first is not None:
            first, self._first = self._first, None
            return [raw, first]
        if self._swaps:
            self._swaps -= 1
            self._first = raw
            return []
        return [raw]


def _is_admin(raw: bytes) -> bool:
    return raw.split(b"\x01", 3)[2] in _ADMIN


def _is_repeated(raw: bytes) -> bool:
    """PossDupFlag stands behind our header: 8, 9, 35, 34, 49, 52, 56."""
    return raw.split(b"\x01", 8)[7] == b"43=Y"
