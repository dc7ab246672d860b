"""The local API: a thin JSON skin over `Service`.

Every request carries the bearer token; every answer, errors too, is one JSON
document. Errors are `{"error", "remedy", "exit_code"}`.
"""

import functools
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api_bodies import BODY_LIMIT, read, typed
from console.api_paths import PATHS, Handler
from console.service_port import Service
from domain.codec import encode
from domain.errors import ExitCode, TrimtabError

_STATUS = {
    ExitCode.USAGE: HTTPStatus.NOT_FOUND,
    ExitCode.BAD_DATA: HTTPStatus.UNPROCESSABLE_ENTITY,
    ExitCode.MISSING: HTTPStatus.FAILED_DEPENDENCY,
    ExitCode.TRY_AGAIN: HTTPStatus.SERVICE_UNAVAILABLE,
    ExitCode.CHECK_FAILED: HTTPStatus.CONFLICT,
}


def create_app(service: Service, token: str) -> Starlette:
    """The API as an ASGI application; `token` is what every request must carry."""
    routes = [
        Route(path, _endpoint(service, handler, fields), methods=[method])
        for method, path, handler, fields in PATHS
    ]
    routes.append(Route("/v1/audit/export", _export(service), methods=["GET"]))
    app = Starlette(
        routes=routes,
        exception_handlers={
            TrimtabError: _refused,
            HTTPException: _http_error,
            Exception: _crashed,
        },
    )
    app.add_middleware(_Guard, token=token)
    return app


def _endpoint(
    service: Service, handler: Handler, fields: dict[str, Any]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = typed(await read(request), fields) if fields else {}
        answer = await run_in_threadpool(functools.partial(handler, service, request, body))
        return _json(answer)

    return endpoint


def _export(service: Service) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        lines = await run_in_threadpool(lambda: list(service.audit_export()))
        return PlainTextResponse("".join(line + "\n" for line in lines))

    return endpoint


def _json(answer: object, status: int = HTTPStatus.OK) -> Response:
    return Response(encode(answer), status_code=status, media_type="application/json")


def _error(status: int, text: str, remedy: str, exit_code: int) -> Response:
    return _json({"error": text, "remedy": remedy, "exit_code": exit_code}, status)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TrimtabError)
    status = _STATUS.get(error.exit_code, HTTPStatus.INTERNAL_SERVER_ERROR)
    return _error(status, str(error), "", error.exit_code)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    remedies = {
        HTTPStatus.NOT_FOUND: "see docs/api.md for the paths there are",
        HTTPStatus.METHOD_NOT_ALLOWED: "questions are GET, wishes are POST",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"send at most {BODY_LIMIT} bytes",
    }
    text = HTTPStatus(error.status_code).phrase.lower()
    remedy = remedies.get(HTTPStatus(error.status_code), "")
    return _error(error.status_code, text, remedy, ExitCode.USAGE)


async def _crashed(_request: Request, _error_raised: Exception) -> Response:
    remedy = "this is a fault of ours; its traceback is in the log"
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error", remedy, ExitCode.INTERNAL)


class _Guard:
    """Nothing passes without the token, and nothing from a web page that only guesses the port."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
            remedy = 'send the header "Authorization: Bearer TOKEN" with the token of [files] token'
            answer = _error(HTTPStatus.UNAUTHORIZED, "not authorized", remedy, ExitCode.CONFIG)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)
