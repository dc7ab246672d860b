"""A venue on loopback that may say anything: raw bytes under its own control, no engine.

It does nothing by itself. A test has it accept the gateway's connection, log it on, say what is
to be said, and answer like an honest venue again.
"""

import socket
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Self

Fields = Mapping[int, object]
Pairs = list[tuple[int, object]]

PATIENCE_SECONDS = 20.0
_SOH = b"\x01"
_LARGEST_READ = 1 << 16


class HungUpError(Exception):
    """The gateway closed the connection."""


def framed(kind: str, fields: Pairs) -> bytes:
    """A message with true BodyLength and CheckSum around whatever the fields are."""
    body = b"35=" + kind.encode() + _SOH
    body += b"".join(_bytes(tag) + b"=" + _bytes(value) + _SOH for tag, value in fields)
    return summed(b"8=FIX.4.4\x019=%d\x01" % len(body) + body)


def summed(message: bytes) -> bytes:
    """With the CheckSum that belongs to it."""
    return message + b"10=%03d\x01" % (sum(message) % 256)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


class HostileVenue:
    """The listening side of one session. Use it as a context."""

    def __init__(self, port: int = 0, name: str = "XSIM", client: str = "TRIMTAB") -> None:
        self.name, self.client = name, client
        self.next_out = self.next_in = 1
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(PATIENCE_SECONDS)
        self.port = int(self._listener.getsockname()[1])
        self.withheld: set[int] = set()  # Numbers that were never said again, but gap-filled.
        self._said: dict[int, tuple[str, Pairs]] = {}  # Application messages, to say again.
        self._asked: set[int] = set()
        self._peer: socket.socket | None = None
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.hang_up()
        self._listener.close()

    # Connections

    def accept(self) -> dict[int, str]:
        """Wait for the gateway to connect, and for its Logon."""
        self.hang_up()
        self._peer, _ = self._listener.accept()
        self._peer.settimeout(PATIENCE_SECONDS)
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.read()

    def log_on(self) -> None:
        """Accept, answer the Logon, and give back what the gateway asks for.

        A connection that waited for too long may be closed already; then it is the next one.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                logon = self.accept()
                self.say("A", {98: 0, 108: logon[108]})
                self.ping()
            except HungUpError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
        self._peer, self._unread = None, b""

    # Saying

    def say(self, kind: str, fields: Fields, **header: object) -> int:
        """An honest header around these fields; gives the number it went under."""
        number = self.next_out
        self.send(self.message(kind, fields, **header))
        return number

    def message(self, kind: str, fields: Fields, **header: object) -> bytes:
        """One message under the next number. `t49="X"` bends a header field, None leaves it out."""
        self.next_out += 1
        return self._message(self.next_out - 1, kind, list(fields.items()), **header)

    def report(self, kind: str, fields: Pairs) -> int:
        """An application message, which is said again when the gateway asks for it."""
        number = self.next_out
        self._said[number] = kind, fields
        self.next_out += 1
        self.send(self._message(number, kind, fields))
        return number

    def _message(self, number: int, kind: str, fields: Pairs, **header: object) -> bytes:
        head: dict[int, object] = {34: number, 49: self.name, 52: now(), 56: self.client}
        head |= {int(tag[1:]): value for tag, value in header.items()}
        return framed(
            kind, [(t, value) for t, value in [*head.items(), *fields] if value is not None]
        )

    def send(self, text: bytes) -> None:
        """These bytes as they are; raises `HungUpError`."""
        assert self._peer is not None
        try:
            self._peer.sendall(text)
        except OSError as error:
            raise HungUpError from error

    # Hearing

    def read(self) -> dict[int, str]:
        """The next message; raises `HungUpError` when the gateway closed."""
        while (end := self._unread.find(b"\x0110=")) < 0 or len(self._unread) < end + 8:
            self._unread += self._receive()
        text, self._unread = self._unread[: end + 8], self._unread[end + 8 :]
        fields = _fields(text)
        self.next_in = max(self.next_in, int(fields.get(34, 0)) + 1)
        return fields

    def ping(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Ask for a sign of life and wait for it: everything said before has then been read.

        Raises `HungUpError`, or `TimeoutError` when nothing comes for so long.
        """
        assert self._peer is not None
        self._peer.settimeout(seconds)
        word = f"PING{self.next_out}"
        self.say("1", {112: word})
        while (heard := self.hear()).get(112) != word or heard[35] != "0":
            if heard[35] == "2":  # What was asked meanwhile fell into the gap.
                self.say("1", {112: word})

    def hear(self) -> dict[int, str]:
        """The next message, answered as an honest venue would where an answer is due."""
        heard = self.read()
        if heard[35] == "1":
            self.say("0", {112: heard[112]})
        elif heard[35] == "2":
            self._say_again(int(heard[7]))
        elif heard[35] == "5":
            self.say("5", {})
            self.until_hung_up()
            raise HungUpError
        return heard

    def _say_again(self, begin: int) -> None:
        """What was said from `begin` on. What is asked for a second time is given up."""
        if begin in self._asked and begin in self._said:
            del self._said[begin]
            self.withheld.add(begin)
        self._asked.add(begin)
        number = begin
        for again in sorted(one for one in self._said if one >= begin):
            if again > number:
                self._gap_fill(number, again)
            kind, fields = self._said[again]
            self.send(self._message(again, kind, fields, t43="Y", t122=now()))
            number = again + 1
        if number < self.next_out:
            self._gap_fill(number, self.next_out)

    def _gap_fill(self, number: int, until: int) -> None:
        fields: Pairs = [(123, "Y"), (36, until)]
        self.send(self._message(number, "4", fields, t43="Y", t122=now()))

    def until_hung_up(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Read on until the gateway closes; fails when it does not in time."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self.read()
        except HungUpError:
            return
        raise AssertionError(f"the connection still stands after {seconds} s")

    def _receive(self) -> bytes:
        assert self._peer is not None
        try:
            found = self._peer.recv(_LARGEST_READ)
        except ConnectionError as error:
            raise HungUpError from error
        if not found:
            raise HungUpError
        return found


def now() -> str:
    """SendingTime (52) as it should be."""
    return f"{datetime.now(UTC):%Y%m%d-%H:%M:%S.%f}"[:-3]


def _fields(text: bytes) -> dict[int, str]:
    return dict(_pairs(text))


def _pairs(text: bytes) -> Iterator[tuple[int, str]]:
    for pair in text.split(_SOH):
        tag, _, value = pair.partition(b"=")
        if tag:
            yield int(tag), value.decode("latin-1")
