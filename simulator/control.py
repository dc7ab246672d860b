"""The operators' door: HTTP/JSON on the loopback interface.

    GET  /venues                       names, ports, clients
    GET  /venues/V/books/SYMBOL        both sides of a book
    GET  /venues/V/orders              every order
    POST /venues/V/halt                {"symbol": "AAPL"}
    POST /venues/V/resume              {"symbol": "AAPL"}
    POST /venues/V/end-of-day          expire Day orders, write the end-of-day file
    POST /venues/V/open                take orders again on the same trade date

Each request is run by the venues' own thread; the answer leaves after its
effect is durable.
"""

import hmac
import json
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

_LARGEST_BODY = 65536


class ControlError(Exception):
    """The door cannot be opened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body."""

    status: HTTPStatus
    body: dict[str, object]


Operate = Callable[[str, tuple[str, ...], dict[str, object]], Answer]


def problem(status: HTTPStatus, text: str) -> Answer:
    """An answer that says what is wrong."""
    return Answer(status, {"error": text})


def read_token(path: Path | None) -> str:
    """The token, or nothing when none is wanted. Raises ControlError."""
    if path is None:
        return ""
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ControlError(f"{path}: cannot read the control token: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ControlError(f"{path}: others may read the control token; run: chmod 600 {path}")
    if not token:
        raise ControlError(f"{path}: the control token is empty; write one line of random text")
    return token


class Control:
    """Serves until it is stopped."""

    def __init__(self, port: int, token: str, operate: Operate) -> None:
        handler = type("_BoundHandler", (_Handler,), {"token": token, "operate": [operate]})
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise ControlError(
                f"control port {port} cannot be opened ({error.strerror}); set another, or 0"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    token: ClassVar[str]
    operate: ClassVar[list[Operate]]
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The library's name.
        """The program's own log says what was done."""

    def _serve(self, method: str) -> None:
        body = self._body()
        if isinstance(body, Answer):
            self.close_connection = True
            answer = body
        elif not self._is_allowed():
            answer = problem(HTTPStatus.UNAUTHORIZED, "the control token is missing or wrong")
        else:
            path = tuple(part for part in self.path.split("?")[0].split("/") if part)
            answer = self.operate[0](method, path, body)
        text = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _is_allowed(self) -> bool:
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        return not self.token or hmac.compare_digest(given, f"Bearer {self.token}".encode())

    def _body(self) -> dict[str, object] | Answer:
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > _LARGEST_BODY:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        raw = self.rfile.read(int(length))
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            return problem(HTTPStatus.BAD_REQUEST, "the body is not JSON")
        if not isinstance(body, dict):
            return problem(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
        return body
