"""The paths of the local API: what each of them asks of the `Service`, and with which fields."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from starlette.requests import Request

from console.api_bodies import NUMBER, TEXTS, URGENCY
from console.service_port import (
    AccountPart,
    AdjustmentWish,
    NewTerms,
    OrderQuery,
    OverrideRequest,
    Service,
    SplitWish,
)
from domain.errors import BadInputError
from domain.orders import Settlement
from oms.by_hand.order import HandOrder

LIST_LIMIT = 10_000

Handler = Callable[[Service, Request, dict[str, Any]], object]


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


def _limit(request: Request, default: int) -> int:
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= LIST_LIMIT):
        raise BadInputError(f"limit must be 1 to {LIST_LIMIT}, not {text!r}")
    return int(text)


_DECISION = {"by": str, "why": str}
_SWITCH = {"scope": str, "name": str, "by": str, "why": str}
PATHS: tuple[tuple[str, str, Handler, dict[str, Any]], ...] = (
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
        {"account_ids": TEXTS, "by": str, "urgency": URGENCY},
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
        {**_DECISION, "quantity": NUMBER, "limit": NUMBER, "stop": NUMBER},
    ),
    (
        "POST",
        "/v1/orders/{order}/raise",
        _propose_raise,
        {**_DECISION, "quantity": NUMBER, "limit": NUMBER, "stop": NUMBER},
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
    ("POST", "/v1/ingest", _ingest, {"paths": TEXTS, "by": str, "replace": bool}),
    ("POST", "/v1/reconcile", _reconcile, {"path": str}),
    ("POST", "/v1/stop", _stop, {"by": str}),
)
