"""The API's client: `Service` over HTTP, on a loopback address or a Unix socket."""

import http.client
import json
import socket
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

from console.config import ApiSettings, Config
from console.secrets_file import read_token
from console.service_port import (
    AccountPart,
    AdjustmentWish,
    AuditVerdict,
    Health,
    IngestLine,
    LotLine,
    NewTerms,
    OrderLife,
    OrderLine,
    OrderQuery,
    OverrideRequest,
    PositionLine,
    ProposedLine,
    RunDetail,
    SplitWish,
    Telling,
)
from console.unix_path import socket_address
from domain.cases import Case, CaseEntry
from domain.codec import from_plain, to_plain
from domain.errors import (
    BadInputError,
    ConfigError,
    ExitCode,
    InvariantError,
    MissingError,
    TrimtabError,
    TryAgainError,
    UnknownNameError,
)
from domain.orders import Settlement
from domain.overrides import GivenOverride
from domain.ports import SessionState
from domain.postings import Break
from domain.rule_sets import RulesEntry, RuleSet
from domain.runs import Approval, Kill, Run, Urgency
from oms.by_hand.order import HandOrder

T = TypeVar("T")
_SECONDS = 60.0  # An answer that takes longer is no answer; ingest is the slowest.
_ERRORS: dict[int, type[TrimtabError]] = {
    ExitCode.USAGE: UnknownNameError,
    ExitCode.BAD_DATA: BadInputError,
    ExitCode.MISSING: MissingError,
    ExitCode.TRY_AGAIN: TryAgainError,
    ExitCode.CONFIG: ConfigError,
}


class ApiClient:
    """Speaks to the service that runs under this configuration."""

    def __init__(self, settings: ApiSettings, token_file: Path) -> None:
        self._settings, self._token_file = settings, token_file

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The client of the service that `config` describes."""
        return cls(config.api, config.files.token)

    def is_listening(self) -> bool:
        """Whether a service listens there; does not ask it anything."""
        connection = self._connection()
        try:
            connection.connect()
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError as error:
            raise TryAgainError(f"the service at {self._address()} does not answer: {error}") from (
                error
            )
        else:
            return True
        finally:
            connection.close()

    def require_listening(self) -> None:
        """Raise `MissingError` when no service listens."""
        if not self.is_listening():
            raise MissingError(
                f"no service listens at {self._address()}; start one with `trimtab serve`"
            )

    def health(self) -> Health:
        return self._get(Health, "/v1/health")

    def sessions(self) -> tuple[SessionState, ...]:
        return self._get(tuple[SessionState, ...], "/v1/sessions")

    def runs(self, limit: int) -> tuple[Run, ...]:
        return self._get(tuple[Run, ...], "/v1/runs", limit=str(limit))

    def run(self, run: str) -> RunDetail:
        return self._get(RunDetail, f"/v1/runs/{_part(run)}")

    def orders(self, query: OrderQuery) -> tuple[OrderLine, ...]:
        wanted = {k: v for k, v in to_plain(query).items() if v is not None}
        parameters = {
            k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in wanted.items()
        }
        return self._get(tuple[OrderLine, ...], "/v1/orders", **parameters)

    def order(self, name: str) -> OrderLife:
        return self._get(OrderLife, f"/v1/orders/{_part(name)}")

    def positions(self, account_id: str | None) -> tuple[PositionLine, ...]:
        return self._get(tuple[PositionLine, ...], "/v1/positions", account_id=account_id)

    def lots(self, account_id: str | None) -> tuple[LotLine, ...]:
        return self._get(tuple[LotLine, ...], "/v1/lots", account_id=account_id)

    def breaks(self, run: str | None) -> tuple[Break, ...]:
        return self._get(tuple[Break, ...], "/v1/breaks", run=run)

    def approvals(self) -> tuple[Approval, ...]:
        return self._get(tuple[Approval, ...], "/v1/approvals")

    def kills(self) -> tuple[Kill, ...]:
        return self._get(tuple[Kill, ...], "/v1/kills")

    def cases(self, *, open_only: bool) -> tuple[Case, ...]:
        return self._get(tuple[Case, ...], "/v1/cases", open_only=str(open_only).lower())

    def case(self, case_id: str) -> tuple[CaseEntry, ...]:
        return self._get(tuple[CaseEntry, ...], f"/v1/cases/{_part(case_id)}")

    def overrides(self) -> tuple[GivenOverride, ...]:
        return self._get(tuple[GivenOverride, ...], "/v1/overrides")

    def close_case(self, case_id: str, by: str, why: str) -> Case:
        return self._post(Case, f"/v1/cases/{_part(case_id)}/close", {"by": by, "why": why})

    def rules_history(self) -> tuple[RulesEntry, ...]:
        return self._get(tuple[RulesEntry, ...], "/v1/rules/history")

    def rule_set(self, name: str) -> RuleSet:
        return self._get(RuleSet, f"/v1/rules/sets/{_part(name)}")

    def explain(self, subject: str, run: str | None = None) -> Telling:
        return self._get(Telling, f"/v1/explain/{_part(subject)}", run=run)

    def proposed(self, run: str) -> tuple[ProposedLine, ...]:
        return self._get(tuple[ProposedLine, ...], f"/v1/proposed/{_part(run)}")

    def trace(self, run: str) -> Telling:
        return self._get(Telling, f"/v1/trace/{_part(run)}")

    def audit_verify(self) -> AuditVerdict:
        return self._get(AuditVerdict, "/v1/audit/verify")

    def audit_export(self) -> Iterator[str]:
        yield from self._ask("GET", "/v1/audit/export", None).decode().splitlines()

    def trigger(
        self, name: str, account_ids: Sequence[str], by: str, urgency: Urgency | None = None
    ) -> Run:
        body = {"account_ids": list(account_ids), "by": by, "urgency": urgency}
        return self._post(Run, f"/v1/triggers/{_part(name)}", body)

    def approve(
        self, run: str, by: str, why: str, overrides: Sequence[OverrideRequest]
    ) -> Approval:
        body = {"by": by, "why": why, "overrides": to_plain(tuple(overrides))}
        return self._post(Approval, f"/v1/runs/{_part(run)}/approve", body)

    def reject(self, run: str, by: str, why: str) -> Approval:
        return self._post(Approval, f"/v1/runs/{_part(run)}/reject", {"by": by, "why": why})

    def retry(self, run: str, by: str) -> Run:
        return self._post(Run, f"/v1/runs/{_part(run)}/retry", {"by": by})

    def new_order(self, order: HandOrder, by: str, why: str) -> Run:
        body = {"order": to_plain(order), "by": by, "why": why}
        return self._post(Run, "/v1/orders", body)

    def cancel(self, order: str, by: str, why: str) -> OrderLine:
        return self._post(OrderLine, f"/v1/orders/{_part(order)}/cancel", {"by": by, "why": why})

    def replace(self, order: str, terms: NewTerms, by: str, why: str) -> OrderLine:
        body = {**to_plain(terms), "by": by, "why": why}
        return self._post(OrderLine, f"/v1/orders/{_part(order)}/replace", body)

    def propose_raise(self, order: str, terms: NewTerms, by: str, why: str) -> Telling:
        body = {**to_plain(terms), "by": by, "why": why}
        return self._post(Telling, f"/v1/orders/{_part(order)}/raise", body)

    def agree_raise(self, order: str, by: str) -> Telling:
        return self._post(Telling, f"/v1/orders/{_part(order)}/raise/second", {"by": by})

    def propose_settlement(self, order: str, what: Settlement, by: str, why: str) -> Telling:
        body = {"what": what.value, "by": by, "why": why}
        return self._post(Telling, f"/v1/orders/{_part(order)}/settlement", body)

    def second_settlement(self, order: str, by: str) -> Telling:
        return self._post(Telling, f"/v1/orders/{_part(order)}/settlement/second", {"by": by})

    def propose_adoption(
        self, order: str, parts: Sequence[AccountPart], run: str, by: str, why: str
    ) -> Telling:
        said = to_plain(tuple(parts))
        body = {"order": order, "accounts": said, "run": run, "by": by, "why": why}
        return self._post(Telling, "/v1/adoptions/propose", body)

    def agree_adoption(self, order: str, by: str) -> Telling:
        return self._post(Telling, "/v1/adoptions/agree", {"order": order, "by": by})

    def propose_split(self, wish: SplitWish, by: str, why: str) -> Telling:
        body = {**to_plain(wish), "by": by, "why": why}
        return self._post(Telling, "/v1/splits/propose", body)

    def agree_split(self, symbol: str, day: date, by: str) -> Telling:
        body = {"symbol": symbol, "day": day.isoformat(), "by": by}
        return self._post(Telling, "/v1/splits/agree", body)

    def propose_adjustment(self, wish: AdjustmentWish, by: str, why: str) -> Telling:
        body = {"adjustment": to_plain(wish), "by": by, "why": why}
        return self._post(Telling, "/v1/adjustments/propose", body)

    def agree_adjustment(self, account_id: str, number: int, by: str) -> Telling:
        body = {"account_id": account_id, "number": number, "by": by}
        return self._post(Telling, "/v1/adjustments/agree", body)

    def propose_rules(self, path: Path, by: str, why: str) -> Telling:
        body = {"path": str(path.absolute()), "by": by, "why": why}
        return self._post(Telling, "/v1/rules/propose", body)

    def agree_rules(self, name: str, by: str) -> Telling:
        return self._post(Telling, "/v1/rules/agree", {"name": name, "by": by})

    def halt(self, scope: str, name: str, by: str, why: str) -> Kill:
        return self._post(Kill, "/v1/halt", {"scope": scope, "name": name, "by": by, "why": why})

    def resume(self, scope: str, name: str, by: str, why: str) -> bool:
        body = {"scope": scope, "name": name, "by": by, "why": why}
        return self._post(bool, "/v1/resume", body)

    def ingest(self, paths: Sequence[Path], by: str, *, replace: bool) -> tuple[IngestLine, ...]:
        body = {"paths": [str(path.absolute()) for path in paths], "by": by, "replace": replace}
        return self._post(tuple[IngestLine, ...], "/v1/ingest", body)

    def reconcile(self, path: Path) -> tuple[Break, ...]:
        return self._post(tuple[Break, ...], "/v1/reconcile", {"path": str(path.absolute())})

    def stop(self, by: str) -> None:
        self._post(bool, "/v1/stop", {"by": by})

    def _get(self, kind: type[T], path: str, **parameters: str | None) -> T:
        query = urlencode({k: v for k, v in parameters.items() if v is not None})
        return self._decode(kind, self._ask("GET", f"{path}?{query}" if query else path, None))

    def _post(self, kind: type[T], path: str, body: object) -> T:
        return self._decode(kind, self._ask("POST", path, json.dumps(body).encode()))

    def _decode(self, kind: type[T], answer: bytes) -> T:
        try:
            value: T = from_plain(kind, json.loads(answer))
        except (ValueError, TypeError, KeyError) as error:
            message = f"the service at {self._address()} answers in other words than this command"
            raise ConfigError(f"{message} ({error}); start both from the same version") from error
        return value

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Authorization": f"Bearer {read_token(self._token_file)}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            message = f"the service at {self._address()} did not answer ({error})"
            raise TryAgainError(f"{message}; look at `trimtab runs` before trying again") from error
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise _error_of(response.status, answer)
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        if self._settings.socket is not None:
            return _UnixConnection(self._settings.socket)
        return http.client.HTTPConnection(
            self._settings.host, self._settings.port, timeout=_SECONDS
        )

    def _address(self) -> str:
        return str(self._settings.socket or f"{self._settings.host}:{self._settings.port}")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            with socket_address(self._path) as address:
                self.sock.connect(address)
        except OSError:
            self.sock.close()
            raise


def _part(text: str) -> str:
    return quote(text, safe="")


def _error_of(status: int, answer: bytes) -> TrimtabError:
    """The error that the service raised, as the same class."""
    try:
        document: Any = json.loads(answer)
        code, text = int(document["exit_code"]), str(document["error"])
        remedy = str(document["remedy"])
    except (ValueError, TypeError, KeyError):
        if status == http.client.SERVICE_UNAVAILABLE:
            return TryAgainError("the service has too much to do; try again in a moment")
        return InvariantError(f"the service answered {status} without saying why")
    message = f"{text}; {remedy}" if remedy else text
    return _ERRORS.get(code, InvariantError)(message)
