"""The local API: a thin JSON skin over `Service`.

Every request carries the bearer token; every answer, errors too, is one JSON
document. Errors are `{"error", "remedy", "exit_code"}`.
"""

import functools
import hmac
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from console.service_port import (
    AccountPart,
    AdjustmentWish,
    NewTerms,
    OrderQuery,
    OverrideRequest,
    Service,
    SplitWish,
)
from console.strict_json import parse
from domain.codec import encode, from_plain
from domain.errors import BadInputError, ExitCode, TrimtabError
from domain.orders import Settlement
from domain.runs import Urgency
from oms.by_hand.order import HandOrder

BODY_LIMIT = 1_000_000  # Bytes; files are named by their path, never sent.
LIST_LIMIT = 10_000

_STATUS = {
    ExitCode.USAGE: HTTPStatus.NOT_FOUND,
    ExitCode.BAD_DATA: HTTPStatus.UNPROCESSABLE_ENTITY,
    ExitCode.MISSING: HTTPStatus.FAILED_DEPENDENCY,
    ExitCode.TRY_AGAIN: HTTPStatus.SERVICE_UNAVAILABLE,
    ExitCode.CHECK_FAILED: HTTPStatus.CONFLICT,
}

Handler = Callable[[Service, Request, dict[str, Any]], object]


def create_app(service: Service, token: str) -> Starlette:
    """The API as an ASGI application; `token` is what every request must carry."""
    routes = [
        Route(path, _endpoint(service, handler, fields), methods=[method])
        for method, path, handler, fields in _ROUTES
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


def _health(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.health()


def _sessions(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.sessions()


def _runs(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.runs(_limit(request, 50))


def _run(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.run(request.path_params["run"])


def _orders(service: Service, request: Request, _body: dict[str, Any]) -> object:
    asked = request.query_params
    query = OrderQuery(
        run=asked.get("run"),
        account_id=asked.get("account_id"),
        symbol=asked.get("symbol"),
        open_only=asked.get("open_only", "false") == "true",
        limit=_limit(request, 200),
    )
    return service.orders(query)


def _order(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.order(request.path_params["order"])


def _new_order(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.new_order(body["order"], body["by"], body["why"])


def _cancel(service: Service, request: Request, body: dict[str, Any]) -> object:
    return service.cancel(request.path_params["order"], body["by"], body["why"])


def _replace(service: Service, request: Request, body: dict[str, Any]) -> object:
    order = request.path_params["order"]
    terms = NewTerms(quantity=body["quantity"], limit=body["limit"], stop=body["stop"])
    return service.replace(order, terms, body["by"], body["why"])


def _propose_raise(service: Service, request: Request, body: dict[str, Any]) -> object:
    order = request.path_params["order"]
    terms = NewTerms(quantity=body["quantity"], limit=body["limit"], stop=body["stop"])
    return service.propose_raise(order, terms, body["by"], body["why"])


def _agree_raise(service: Service, request: Request, body: dict[str, Any]) -> object:
    return service.agree_raise(request.path_params["order"], body["by"])


def _propose_settlement(service: Service, request: Request, body: dict[str, Any]) -> object:
    order = request.path_params["order"]
    return service.propose_settlement(order, body["what"], body["by"], body["why"])


def _second_settlement(service: Service, request: Request, body: dict[str, Any]) -> object:
    return service.second_settlement(request.path_params["order"], body["by"])


def _propose_adoption(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.propose_adoption(
        body["order"], body["accounts"], body["run"], body["by"], body["why"]
    )


def _agree_adoption(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.agree_adoption(body["order"], body["by"])


def _propose_split(service: Service, _request: Request, body: dict[str, Any]) -> object:
    wish = SplitWish(symbol=body["symbol"], new=body["new"], old=body["old"], day=body["day"])
    return service.propose_split(wish, body["by"], body["why"])


def _agree_split(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.agree_split(body["symbol"], body["day"], body["by"])


def _propose_adjustment(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.propose_adjustment(body["adjustment"], body["by"], body["why"])


def _agree_adjustment(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.agree_adjustment(body["account_id"], body["number"], body["by"])


def _positions(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.positions(request.query_params.get("account_id"))


def _lots(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.lots(request.query_params.get("account_id"))


def _breaks(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.breaks(request.query_params.get("run"))


def _approvals(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.approvals()


def _kills(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.kills()


def _cases(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.cases(open_only=request.query_params.get("open_only", "false") == "true")


def _case(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.case(request.path_params["case"])


def _overrides(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.overrides()


def _close_case(service: Service, request: Request, body: dict[str, Any]) -> object:
    return service.close_case(request.path_params["case"], body["by"], body["why"])


def _explain(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.explain(request.path_params["subject"], request.query_params.get("run"))


def _proposed(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.proposed(request.path_params["run"])


def _trace(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.trace(request.path_params["run"])


def _audit_verify(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.audit_verify()


def _trigger(service: Service, request: Request, body: dict[str, Any]) -> object:
    name = request.path_params["name"]
    return service.trigger(name, body["account_ids"], body["by"], body["urgency"])


def _approve(service: Service, request: Request, body: dict[str, Any]) -> object:
    overrides = body["overrides"]
    return service.approve(request.path_params["run"], body["by"], body["why"], overrides)


def _reject(service: Service, request: Request, body: dict[str, Any]) -> object:
    return service.reject(request.path_params["run"], body["by"], body["why"])


def _retry(service: Service, request: Request, body: dict[str, Any]) -> object:
    return service.retry(request.path_params["run"], body["by"])


def _rules_history(service: Service, _request: Request, _body: dict[str, Any]) -> object:
    return service.rules_history()


def _rule_set(service: Service, request: Request, _body: dict[str, Any]) -> object:
    return service.rule_set(request.path_params["name"])


def _propose_rules(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.propose_rules(Path(body["path"]), body["by"], body["why"])


def _agree_rules(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.agree_rules(body["name"], body["by"])


def _halt(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.halt(body["scope"], body["name"], body["by"], body["why"])


def _resume(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.resume(body["scope"], body["name"], body["by"], body["why"])


def _ingest(service: Service, _request: Request, body: dict[str, Any]) -> object:
    paths = [Path(path) for path in body["paths"]]
    return service.ingest(paths, body["by"], replace=body["replace"])


def _reconcile(service: Service, _request: Request, body: dict[str, Any]) -> object:
    return service.reconcile(Path(body["path"]))


def _stop(service: Service, _request: Request, body: dict[str, Any]) -> object:
    service.stop(body["by"])
    return True


_TEXTS: type = tuple[str, ...]
_NUMBER = Decimal | None
_URGENCY = Urgency | None
_JSON_KINDS: dict[Any, Any] = {
    str: object,
    int: int,
    date: str,
    Settlement: str,
    HandOrder: dict,
    AdjustmentWish: dict,
    _NUMBER: str | None,
    _URGENCY: str | None,
}
_DECISION = {"by": str, "why": str}
_SWITCH = {"scope": str, "name": str, "by": str, "why": str}
_ROUTES: tuple[tuple[str, str, Handler, dict[str, Any]], ...] = (
    ("GET", "/v1/health", _health, {}),
    ("GET", "/v1/sessions", _sessions, {}),
    ("GET", "/v1/runs", _runs, {}),
    ("GET", "/v1/runs/{run}", _run, {}),
    ("GET", "/v1/orders", _orders, {}),
    ("GET", "/v1/orders/{order}", _order, {}),
    ("GET", "/v1/positions", _positions, {}),
    ("GET", "/v1/lots", _lots, {}),
    ("GET", "/v1/breaks", _breaks, {}),
    ("GET", "/v1/approvals", _approvals, {}),
    ("GET", "/v1/kills", _kills, {}),
    ("GET", "/v1/cases", _cases, {}),
    ("GET", "/v1/cases/{case:path}", _case, {}),
    ("GET", "/v1/overrides", _overrides, {}),
    ("GET", "/v1/rules/history", _rules_history, {}),
    ("GET", "/v1/rules/sets/{name}", _rule_set, {}),
    ("GET", "/v1/explain/{subject:path}", _explain, {}),
    ("GET", "/v1/proposed/{run:path}", _proposed, {}),
    ("GET", "/v1/trace/{run:path}", _trace, {}),
    ("GET", "/v1/audit/verify", _audit_verify, {}),
    (
        "POST",
        "/v1/triggers/{name:path}",
        _trigger,
        {"account_ids": _TEXTS, "by": str, "urgency": _URGENCY},
    ),
    (
        "POST",
        "/v1/runs/{run}/approve",
        _approve,
        {**_DECISION, "overrides": tuple[OverrideRequest, ...]},
    ),
    ("POST", "/v1/runs/{run}/reject", _reject, _DECISION),
    ("POST", "/v1/runs/{run}/retry", _retry, {"by": str}),
    ("POST", "/v1/cases/{case:path}/close", _close_case, _DECISION),
    ("POST", "/v1/orders", _new_order, {**_DECISION, "order": HandOrder}),
    ("POST", "/v1/orders/{order}/cancel", _cancel, _DECISION),
    (
        "POST",
        "/v1/orders/{order}/replace",
        _replace,
        {**_DECISION, "quantity": _NUMBER, "limit": _NUMBER, "stop": _NUMBER},
    ),
    (
        "POST",
        "/v1/orders/{order}/raise",
        _propose_raise,
        {**_DECISION, "quantity": _NUMBER, "limit": _NUMBER, "stop": _NUMBER},
    ),
    ("POST", "/v1/orders/{order}/raise/second", _agree_raise, {"by": str}),
    (
        "POST",
        "/v1/orders/{order}/settlement",
        _propose_settlement,
        {**_DECISION, "what": Settlement},
    ),
    ("POST", "/v1/orders/{order}/settlement/second", _second_settlement, {"by": str}),
    (
        "POST",
        "/v1/adoptions/propose",
        _propose_adoption,
        {**_DECISION, "order": str, "accounts": tuple[AccountPart, ...], "run": str},
    ),
    ("POST", "/v1/adoptions/agree", _agree_adoption, {"order": str, "by": str}),
    (
        "POST",
        "/v1/splits/propose",
        _propose_split,
        {**_DECISION, "symbol": str, "new": int, "old": int, "day": date},
    ),
    ("POST", "/v1/splits/agree", _agree_split, {"symbol": str, "day": date, "by": str}),
    (
        "POST",
        "/v1/adjustments/propose",
        _propose_adjustment,
        {**_DECISION, "adjustment": AdjustmentWish},
    ),
    (
        "POST",
        "/v1/adjustments/agree",
        _agree_adjustment,
        {"account_id": str, "number": int, "by": str},
    ),
    ("POST", "/v1/rules/propose", _propose_rules, {**_DECISION, "path": str}),
    ("POST", "/v1/rules/agree", _agree_rules, {"name": str, "by": str}),
    ("POST", "/v1/halt", _halt, _SWITCH),
    ("POST", "/v1/resume", _resume, _SWITCH),
    ("POST", "/v1/ingest", _ingest, {"paths": _TEXTS, "by": str, "replace": bool}),
    ("POST", "/v1/reconcile", _reconcile, {"path": str}),
    ("POST", "/v1/stop", _stop, {"by": str}),
)


def _endpoint(
    service: Service, handler: Handler, fields: dict[str, Any]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = _typed(await _read(request), fields) if fields else {}
        answer = await run_in_threadpool(functools.partial(handler, service, request, body))
        return _json(answer)

    return endpoint


def _export(service: Service) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        lines = await run_in_threadpool(lambda: list(service.audit_export()))
        return PlainTextResponse("".join(line + "\n" for line in lines))

    return endpoint


async def _read(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return parse(bytes(body), "the request's body")


def _typed(document: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The body's fields as their types; unknown and missing ones are refused by name."""
    if not isinstance(document, dict):
        raise BadInputError(f"the body must be one object with the fields {', '.join(fields)}")
    if unknown := sorted(set(document) - set(fields)):
        raise BadInputError(f"unknown field {unknown[0]!r}; valid fields: {', '.join(fields)}")
    if missing := [name for name in fields if name not in document]:
        raise BadInputError(f"field {missing[0]!r} is missing; needed: {', '.join(fields)}")
    typed = {}
    for name, kind in fields.items():
        if not isinstance(document[name], _JSON_KINDS.get(kind, list | bool)):
            raise BadInputError(f"field {name!r} is of the wrong kind: {document[name]!r}")
        try:
            typed[name] = from_plain(kind, document[name])
        except (TypeError, ValueError, AttributeError) as error:
            raise BadInputError(f"field {name!r} is of the wrong kind: {error}") from error
    if "by" in typed and not typed["by"].strip():
        raise BadInputError("field 'by' is blank; say who asks for it")
    return typed


def _limit(request: Request, default: int) -> int:
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= LIST_LIMIT):
        raise BadInputError(f"limit must be 1 to {LIST_LIMIT}, not {text!r}")
    return int(text)


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
