"""Answers a ResendRequest: what was said again with PossDupFlag, everything else gap-filled.

A long answer goes out in pages, so that neither memory nor the other sessions suffer. What is said
meanwhile waits in the store and follows in its turn, as an original.
"""

from collections.abc import Callable

from simulator.fix.codec import SOH, encode
from simulator.fix.store import Store

_PAGE = 500  # Numbers looked at in one page.

Header = Callable[[str, int], str]  # The fields up to TargetCompID, by MsgType and MsgSeqNum.


class Resend:
    """One answer under way: `first` to `last`, both sent before; originals begin at `following`."""

    def __init__(
        self, store: Store, first: int, last: int, following: int, begin_string: str
    ) -> None:
        assert first <= last < following
        self.next = first
        self.last = last
        self._following = following
        self._store = store
        self._begin_string = begin_string

    @property
    def done(self) -> bool:
        """Whether everything that was said has been sent."""
        return self.next > self.last and self._following >= self._store.next_out

    def page(self, header: Header) -> list[bytes]:
        """The next messages."""
        if self.next > self.last:
            end = min(self._following + _PAGE, self._store.next_out) - 1
            originals = [raw for _, raw in self._store.read(self._following, end)]
            self._following = end + 1
            return originals
        end = min(self.next + _PAGE - 1, self.last)
        out: list[bytes] = []
        for number, raw in self._store.read(self.next, end):
            if number > self.next:
                out.append(self._gap(header, self.next, number))
            out.append(self._again(header, number, raw))
            self.next = number + 1
        if self.next <= end:
            out.append(self._gap(header, self.next, end + 1))
            self.next = end + 1
        return out

    def _again(self, header: Header, number: int, raw: bytes) -> bytes:
        kind, sent_at, body = taken_apart(raw)
        again = f"{header(kind, number)}43=Y{SOH}122={sent_at}{SOH}{body}"
        return encode(self._begin_string, again)

    def _gap(self, header: Header, number: int, following: int) -> bytes:
        head = header("4", number)
        sent_at = head.split(SOH, 4)[3][3:]
        gap = f"{head}43=Y{SOH}122={sent_at}{SOH}123=Y{SOH}36={following}{SOH}"
        return encode(self._begin_string, gap)


def taken_apart(raw: bytes) -> tuple[str, str, str]:
    """MsgType, SendingTime and body of a message of our own writing."""
    parts = raw[:-7].decode("latin-1").split(SOH, 7)  # 8, 9, 35, 34, 49, 52, 56, the rest.
    return parts[2][3:], parts[5][3:], parts[7]
