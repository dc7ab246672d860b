"""Floods: a venue that sends without end what is no message, or none whose turn has come.

The engine keeps such bytes without a limit. So the kernel is asked how many have come in over
the sessions' connections, and where they are far more than the messages that the engine took
from them, the connections are cut; the engine connects again. Linux alone tells such numbers.
"""

import ctypes
import os
import socket
import struct
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from gateway.every import Every
from gateway.settings import Connection

LIMIT_BYTES = 16 * 2**20  # No message is as long; the kernel itself holds less.
_LOOK_SECONDS = 0.25
_DESCRIPTORS = Path("/proc/self/fd")
_BYTES_RECEIVED = 128  # Where tcpi_bytes_received stands in Linux's struct tcp_info.
_ADDRESS_BYTES = 16  # Of a struct sockaddr; all zero is AF_UNSPEC.
_TLS_SHARE = 2  # Encryption makes short messages longer, by less than a half.


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What the engine took from a session's connection."""

    whole: int = 0  # Bytes of whole messages, ever.
    early: int = 0  # Bytes of those that still wait for their turn.


@dataclass(frozen=True, slots=True)
class _Mark:
    """How things stood before the newest of these connections."""

    connections: frozenset[int]  # Inodes.
    received: int
    whole: int

    def after(self, received: Mapping[int, int], whole: int) -> "_Mark":
        """The mark for these connections; what came over new ones counts from their beginning."""
        if self.connections == received.keys():
            return self
        known = sum(count for inode, count in received.items() if inode in self.connections)
        return _Mark(frozenset(received), known, whole)


class Floods:
    """Looks at the connections again and again. Counts by the venues' ports."""

    def __init__(
        self,
        connections: Sequence[Connection],
        taken_in: Callable[[str], TakenIn],
        log: FilteringBoundLogger,
    ) -> None:
        """`taken_in` says what the engine took in of a session."""
        self._sessions: defaultdict[int, list[str]] = defaultdict(list)  # By the venue's port.
        for one in connections:
            self._sessions[int(one.session.text("SocketConnectPort") or 0)].append(one.session.name)
        self._taken_in = taken_in
        self._log = log
        self._marks: dict[int, _Mark] = {}
        self._ended: set[int] = set()  # Inodes that were cut off; the engine may hold them yet.
        self._looking = Every("fix-floods", _LOOK_SECONDS, self._try_to_look)

    def start(self) -> None:
        """Begin to look, where there is something to be seen."""
        if _DESCRIPTORS.is_dir():
            self._looking.start()

    def stop(self) -> None:
        """Look no more."""
        self._looking.stop()

    def _try_to_look(self) -> None:
        try:
            self.look()
        except OSError as error:
            self._log.error("floods_not_seen", error=str(error))

    def look(self) -> None:
        """Look once, and cut what floods us."""
        found = self._received()
        for port, sessions in self._sessions.items():
            counts = [self._taken_in(session) for session in sessions]
            received = found.get(port, {})
            excess = self._excess(port, received, sum(one.whole for one in counts))
            early = sum(one.early for one in counts)
            if max(excess, early) > LIMIT_BYTES:
                self._cut(port, sessions, excess, early)
                self._ended |= received.keys()

    def _excess(self, port: int, received: Mapping[int, int], whole: int) -> int:
        """Bytes that came over the present connections and are in no message."""
        before = self._marks.get(port, _Mark(frozenset(), 0, 0))
        mark = self._marks[port] = before.after(received, whole)
        taken = whole - mark.whole
        return sum(received.values()) - mark.received - taken - taken // _TLS_SHARE

    def _received(self) -> Mapping[int, Mapping[int, int]]:
        """Bytes that came in, by the venue's port and the connection's inode."""
        found: defaultdict[int, dict[int, int]] = defaultdict(dict)
        seen: set[int] = set()
        for connection in _connections(self._sessions.keys()):
            with connection, suppress(OSError):
                port, inode = connection.getpeername()[1], os.fstat(connection.fileno()).st_ino
                seen.add(inode)
                if inode not in self._ended:
                    found[port][inode] = _bytes_received(connection)
        self._ended &= seen
        return found

    def _cut(self, port: int, sessions: Sequence[str], excess: int, early: int) -> None:
        for connection in _connections([port]):
            with connection:
                _reset(connection)
        self._log.error(
            "alarm_raised",
            kind="session_flooded",
            session=", ".join(sessions),
            detail=f"cut off after {excess} bytes of no message, {early} before their turn",
        )


def _connections(ports: Collection[int]) -> Iterator[socket.socket]:
    """Copies of this process's own sockets that are connected to one of these ports."""
    for path in _DESCRIPTORS.iterdir():
        with suppress(OSError):
            if not str(path.readlink()).startswith("socket:"):
                continue
            copy = socket.socket(fileno=os.dup(int(path.name)))
            if _peer_port(copy) in ports:
                yield copy
            else:
                copy.close()


def _peer_port(connection: socket.socket) -> int | None:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        return int(connection.getpeername()[1])
    except OSError:
        return None


def _bytes_received(connection: socket.socket) -> int:
    size = _BYTES_RECEIVED + 8
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    if len(info) < size:
        raise OSError("this kernel does not count received bytes")
    return int(struct.unpack_from("=Q", info, _BYTES_RECEIVED)[0])


def _reset(connection: socket.socket) -> None:
    """End it under the engine's hands: connect(2) to AF_UNSPEC, as a shutdown leaves what came in.

    The engine reads an error then, and disconnects.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.connect(connection.fileno(), bytes(_ADDRESS_BYTES), _ADDRESS_BYTES)
