"""The operators' door: HTTP/JSON on the loopback interface, in a thread of its own.

`simulator.running.operations` lists what can be asked. Each request is run by the venues' own
loop; its answer leaves after its effect is durable.
"""

import hmac
import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, NamedTuple

from simulator.running.growing import sync_directory
from simulator.running.secrets_file import read_secret

_LARGEST_BODY = 65536


class ControlError(Exception):
    """The door cannot be opened."""


class Answer(NamedTuple):
    """Status and JSON body."""

    status: HTTPStatus
    body: dict[str, object]


class Wanted(NamedTuple):
    """What an operator asks."""

    method: str
    path: tuple[str, ...]
    body: dict[str, object]


Operate = Callable[[Wanted], Answer]


def problem(status: HTTPStatus, text: str) -> Answer:
    """An answer that says what is wrong."""
    return Answer(status, {"error": text})


class Control:
    """Serves until it is stopped."""

    def __init__(self, port: int, token_file: Path | None, operate: Operate) -> None:
        """Raises ControlError and SecretError."""
        token = "" if token_file is None else read_secret(token_file, "control token")
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
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def leave_address(directory: Path, url: str, token_file: Path | None) -> None:
    """Write control.json, by which `trimtab venues` finds the door of a running process."""
    path = directory / "control.json"
    draft = path.with_suffix(".part")
    token = None if token_file is None else str(token_file.resolve())
    draft.write_text(json.dumps({"control": url, "token_file": token}) + "\n", encoding="utf-8")
    draft.replace(path)
    sync_directory(directory)


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
        elif self.headers.get("Origin") is not None:
            answer = problem(HTTPStatus.FORBIDDEN, "this door is for programs, not for web pages")
        else:
            path = tuple(part for part in self.path.split("?")[0].split("/") if part)
            answer = self.operate[0](Wanted(method, path, body))
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
            body = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            return problem(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}"[:200])
        if not isinstance(body, dict):
            return problem(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
        return body


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key!r:.60} is there twice")
    return dict(pairs)


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not a number")
