"""The API's server: uvicorn on a thread of its own, on a socket that we open ourselves."""

import socket
import stat
import threading
import time
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from console.config import ApiSettings
from console.request_deadline import DeadlineProtocol
from console.unix_path import socket_address
from domain.errors import ConfigError, TryAgainError

_START_SECONDS = 10.0
_STOP_SECONDS = 10.0
_BACKLOG = 64


class ApiServer:
    """Serves an ASGI application until it is told to stop."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                http=DeadlineProtocol,
                server_header=False,
                timeout_graceful_shutdown=5,
                limit_concurrency=32,
                h11_max_incomplete_event_size=65_536,
            )
        )
        self._thread = threading.Thread(target=self._serve, name="api", daemon=True)

    def start(self) -> None:
        """Listen; returns when the first request would be answered."""
        self._socket = _listen(self._settings)
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise TryAgainError("the API did not start; see the log")
            time.sleep(0.01)

    def stop(self) -> None:
        """Answer what is under way, then close."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        if self._socket is not None:
            self._socket.close()
        if self._settings.socket is not None:
            self._settings.socket.unlink(missing_ok=True)

    def _serve(self) -> None:
        assert self._socket is not None
        self._server.run(sockets=[self._socket])


def _listen(settings: ApiSettings) -> socket.socket:
    if settings.socket is not None:
        return _listen_unix(settings.socket)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise TryAgainError(
            f"port {settings.port} of {settings.host} cannot be used ({error.strerror}); "
            "stop what listens there or set another [api] port"
        ) from error
    listener.listen(_BACKLOG)
    return listener


def _listen_unix(path: Path) -> socket.socket:
    """A socket that only its owner can reach; one left by a killed service is replaced."""
    if not path.parent.is_dir():
        raise ConfigError(f"{path.parent} does not exist; `trimtab init` makes it")
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise ConfigError(f"{path} exists and is no socket; set another [api] socket")
    with socket_address(path) as address:
        if _is_alive(address):
            raise TryAgainError(f"another service listens at {path}; stop it first")
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(address)
    path.chmod(0o600)
    listener.listen(_BACKLOG)
    return listener


def _is_alive(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return True
