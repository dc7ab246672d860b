"""The deadline of a request: who connects must have said all of it soon, or is hung up on.

Without it, a few dozen connections that say nothing, or a byte now and then, would keep everybody
else out. How long an answer takes is not limited.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0
_ALL_SAID = frozenset({h11.DONE, h11.MUST_CLOSE, h11.CLOSED})


class DeadlineProtocol(H11Protocol):
    """uvicorn's HTTP protocol, and a timer from the first byte that is awaited to the last."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn's own.
        """The request is awaited."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Some of a request has come, or all of it."""
        super().data_received(data)
        if self.conn.their_state in _ALL_SAID:
            self._wait_no_more()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
