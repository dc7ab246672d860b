"""The audit trail, told to the log: what was decided and booked, once it is committed.

Whatever is audited is also a log line, so that an operator who follows the log
misses no decision; what another part logs in its own words is not said twice.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import structlog

from domain.audit import AuditEntry
from domain.exact import ZERO, plain
from domain.orders import OrdStatus

log = structlog.get_logger("audit")

Fields = dict[str, Any]
_TOLD_ELSEWHERE = frozenset(
    {"trigger_fired", "approval_requested", "step_finished", "alarm_raised"}
)
_RUNS = frozenset(
    {"order_wanted", "release_reduced", "run_approved", "run_rejected", "run_retried"}
)
_NOT_ORDERS = frozenset(
    {
        "adjustment_booked",
        "adjustment_proposed",
        "case_cleared",
        "case_closed",
        "case_opened",
        "case_reminded",
        "case_reopened",
        "drop_copy_compared",
        "files_ingested",
        "file_reconciled",
        "holdings_taken_over",
        "trigger_quiet",
        "triggers_skipped",
        "halt_set",
        "halt_lifted",
        "message_quarantined",
        "projections_rebuilt",
        "rules_agreed",
        "rules_proposed",
        "rules_taken_over",
        "sequence_reset",
        "split_booked",
        "split_proposed",
    }
)
_WARNINGS = frozenset(
    {
        "adjustment_proposed",
        "adoption_proposed",
        "raise_proposed",
        "allocation_reversed",
        "cancel_repeated",
        "case_opened",
        "case_reminded",
        "case_reopened",
        "change_refused",
        "halt_set",
        "message_quarantined",
        "message_withdrawn",
        "order_not_in_engine",
        "rules_agreed",
        "rules_proposed",
        "run_rejected",
        "sequence_reset",
        "split_proposed",
        "triggers_skipped",
        "unknown_report_kept",
    }
)
_RESERVED = frozenset(
    {"at", "by", "component", "event", "level", "order", "requested_at", "run", "subject"}
)
_COMPONENTS = frozenset({"gateway", "ledger", "oms", "policy", "scheduler", "trimtab"})
_ENDED_BADLY = frozenset({OrdStatus.REJECTED.value, OrdStatus.SUSPENDED.value})


def tell(entries: Iterable[AuditEntry]) -> None:
    """One line per entry. Raises nothing: what is committed must not look as if it had failed."""
    for entry in entries:
        try:
            _tell(entry)
        except Exception:
            log.exception("audit_entry_not_told", kind=entry.kind, subject=entry.subject)


def _tell(entry: AuditEntry) -> None:
    if entry.kind in _TOLD_ELSEWHERE:
        return
    body = json.loads(entry.body)
    fields = {**_who(entry.actor), **_about(entry), **_summary(entry.kind, body)}
    known = {name: value for name, value in fields.items() if value not in (None, "", [])}
    getattr(log, _level(entry.kind, body))(entry.kind, **known)


def _who(actor: str) -> Fields:
    return {"component" if actor in _COMPONENTS else "by": actor}


def _about(entry: AuditEntry) -> Fields:
    if entry.kind in _RUNS:
        return {"run": entry.subject}
    return {"subject" if entry.kind in _NOT_ORDERS else "order": entry.subject}


def _level(kind: str, body: Any) -> str:
    match kind:
        case "execution_booked":
            return "debug"  # The execution itself is logged as it comes in.
        case "order_report_booked":
            return "warning" if body["status"] in _ENDED_BADLY else "debug"
        case "files_ingested":
            return "warning" if any(file["fate"] == "refused" for file in body) else "info"
        case "file_reconciled":
            return "error" if body["breaks"] else "info"
    return "warning" if kind in _WARNINGS else "info"


def _summary(kind: str, body: Any) -> Fields:
    return _SUMMARIES.get(kind, _flat)(body)


def _flat(body: Any) -> Fields:
    """The body's own fields, without what is nested and what every line has already."""
    if not isinstance(body, Mapping):
        return {}
    return {
        name: value
        for name, value in body.items()
        if name not in _RESERVED and not _is_nested(value)
    }


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
    )


def _ingested(body: Any) -> Fields:
    fates = [file["fate"] for file in body]
    refused = [file["file"] for file in body if file["fate"] == "refused"]
    counts = {fate: fates.count(fate) for fate in dict.fromkeys(fates)}
    return {**counts, "rows": sum(file["rows"] for file in body), "refused_files": refused}


def _reconciled(body: Any) -> Fields:
    breaks = body["breaks"]
    return {
        "witness": body["witness"],
        "breaks": len(breaks),
        "detail": "; ".join(one["message"] for one in breaks),
    }


def _copied(body: Any) -> Fields:
    counts: Counter[str] = Counter()
    for verdicts in body["days"].values():
        counts.update(verdicts)
    return {"days": list(body["days"]), **counts}


def _taken_over(body: Any) -> Fields:
    return {"opened": body["opened"], "flows": len(body["flows"])}


def _released(body: Any) -> Fields:
    return {
        "run": body["run_id"].replace("-", ""),
        "side": "BUY" if body["side"] == "1" else "SELL",
        "quantity": body["quantity"],
        "symbol": body["symbol"],
        "limit": body["limit_price"],
        "venue": body["venue"],
        "accounts": [part["account_id"] for part in body["allocations"]],
    }


def _allocated(body: Any) -> Fields:
    return {
        "quantity": plain(sum(map(Decimal, body["shares"].values()), ZERO)),
        "gross": body["gross"],
        "commission": body["commission"],
        "accounts": list(body["shares"]),
    }


def _reported(body: Any) -> Fields:
    report = body["report"]
    return {
        "symbol": report["symbol"],
        "status": _status(body),
        "filled": body["cum_qty"],
        "detail": report["reason"],
    }


def _refused(body: Any) -> Fields:
    return {"status": _status(body), "detail": body["reject"]["reason"]}


def _status(body: Any) -> str:
    return OrdStatus(body["status"]).name.lower().replace("_", " ")


def _reduced(body: Any) -> Fields:
    """Counts alone: each part is told with its reason when the release is done."""
    return {name: len(parts) for name, parts in body.items() if isinstance(parts, list)}


def _approved(body: Any) -> Fields:
    overrides = [f"{what}: {why}" for what, why in body["overrides"].items()]
    return {"why": body["why"], "basket": body["basket"][:12], "overrides": overrides}


def _rules(body: Any) -> Fields:
    return {
        "rules": body["name"][:12],
        "replaces": body["replaces"][:12],
        "file": body["file"],
        "changes": len(body["changes"]),
        "why": body["why"],
    }


_SUMMARIES: dict[str, Callable[[Any], Fields]] = {
    "rules_agreed": _rules,
    "rules_proposed": _rules,
    "rules_taken_over": _rules,
    "block_allocated": _allocated,
    "change_refused": _refused,
    "drop_copy_compared": _copied,
    "execution_booked": _reported,
    "file_reconciled": _reconciled,
    "files_ingested": _ingested,
    "holdings_taken_over": _taken_over,
    "order_released": _released,
    "order_report_booked": _reported,
    "release_reduced": _reduced,
    "run_approved": _approved,
}
