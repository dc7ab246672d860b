"""The wire between the service and the venues: a proxy that a trial can cut.

A cut breaks every connection without a Logout. Before it, what the service says may be read and
not passed on for a moment: the service has sent it, and no venue ever gets it.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import Self

_PART = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: on, and not a second long.


class Wire:
    """One door for each venue; `ports` are the venues' own. Use it as a context."""

    def __init__(self, ports: Mapping[int, int]) -> None:
        """By the port that the service knows, the one behind it."""
        self._doors = [(_listening(here), there) for here, there in ports.items()]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._swallows = threading.Event()
        self._is_over = False

    def __enter__(self) -> Self:
        for door, port in self._doors:
            _in_background(self._accept, door, port)
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over = True
        for door, _ in self._doors:
            _end(door)
        self.cut(0)

    def cut(self, swallowing_seconds: float) -> None:
        """Break everything, after some time in which nothing reaches a venue."""
        self._swallows.set()
        time.sleep(swallowing_seconds)
        with self._lock:
            broken, self._open = self._open, set()
        for one in broken:
            _end(one)
        self._swallows.clear()

    def _accept(self, door: socket.socket, port: int) -> None:
        while not self._is_over:
            try:
                service, _ = door.accept()
            except OSError:
                return
            try:
                venue = socket.create_connection(("127.0.0.1", port))
            except OSError:  # The venue is being started again.
                _end(service)
                continue
            with self._lock:
                self._open |= {service, venue}
            _in_background(self._pass_on, service, venue, self._swallows)
            _in_background(self._pass_on, venue, service, None)

    def _pass_on(
        self, source: socket.socket, target: socket.socket, swallows: threading.Event | None
    ) -> None:
        """Until one side ends; then both do."""
        with contextlib.suppress(OSError):
            while part := source.recv(_PART):
                if swallows is None or not swallows.is_set():
                    target.sendall(part)
        with self._lock:
            self._open -= {source, target}
        _end(source)
        _end(target)


def _listening(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen()
    return made


def _end(one: socket.socket) -> None:
    """At once, and whoever reads it hears of it."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def _in_background(act: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=act, args=arguments, daemon=True).start()
