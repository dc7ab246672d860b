"""What is audited is also logged, once it is committed, in words an operator reads."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import structlog

from console import audit_log
from console.doors import changer, reader
from console.log_filter import Filter
from console.log_line import LineRenderer
from domain.audit import link
from domain.errors import InvariantError

NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
ORDER = {
    "run_id": "0184ca491d557f37b44deee1208b71f7",
    "side": "2",
    "quantity": "1818",
    "symbol": "AAPL",
    "limit_price": "146.9",
    "venue": "XSIM",
    "allocations": [
        {"account_id": "H1", "quantity": "1800"},
        {"account_id": "H2", "quantity": "18"},
    ],
}
REPORT = {
    "report": {"symbol": "JPM", "reason": "too late"},
    "status": "8",
    "cum_qty": "0",
}
REDUCED = {"cuts": [{"why": "cash"}, {"why": "cash"}], "stopped": [], "residuals": {"H1": "1"}}
SHARES = {"commission": "5.45", "gross": "268300.44", "shares": {"H1": "1800", "H2": "18"}}


def told(kind, body, *, actor="oms", subject="7M2K9QDE-0001"):
    """The log's fields for one audit entry."""
    entry = link(None, at=NOW, actor=actor, kind=kind, subject=subject, body=body)
    with structlog.testing.capture_logs() as lines:
        audit_log.tell([entry])
    return lines


def words(fields):
    shown = {"level": fields["log_level"], **fields}
    del shown["log_level"]
    return LineRenderer(colour=False).render(shown).split(maxsplit=2)[2]


@pytest.mark.parametrize(
    ("kind", "body", "line"),
    [
        (
            "order_released",
            ORDER,
            "order_released       SELL 1,818 AAPL limit 146.90 at XSIM for 2 accounts",
        ),
        (
            "block_allocated",
            SHARES,
            "block_allocated      1,818 at 147.58 to 2 accounts, 268,300.44 gross, 5.45 commission",
        ),
        (
            "order_report_booked",
            REPORT,
            "order_report_booked  symbol=JPM status=rejected filled=0 detail=too late",
        ),
        (
            "change_refused",
            {"reject": {"reason": "already filled"}, "status": "2"},
            "change_refused       status=filled detail=already filled",
        ),
        (
            "order_raised",
            {"before": "5", "allocations": [{"account_id": "H1"}], "at": "2022-11-30T15:05:15Z"},
            "order_raised         before=5",
        ),
        ("release_reduced", REDUCED, "release_reduced      cuts=2 stopped=0"),
    ],
)
def test_an_order_is_told_in_words(kind, body, line):
    (fields,) = told(kind, body)

    assert words(fields) == line


def test_an_approval_names_the_person_the_reason_and_what_was_let_through():
    body = {"basket": "ab" * 32, "why": "reviewed", "overrides": {"sector:H1": "client agreed"}}

    (fields,) = told("run_approved", body, actor="olga", subject="0184ca491d557f37b44deee1208b71f7")

    assert fields["by"] == "olga"
    assert fields["run"] == "0184ca491d557f37b44deee1208b71f7"
    assert fields["overrides"] == ["sector:H1: client agreed"]


def test_a_drop_copy_is_told_with_what_agreed_and_what_did_not():
    days = {"2022-11-29": {"same": 3}, "2022-11-30": {"same": 4, "different": 1}}
    body = {"epoch": 0, "sequence": 17, "days": days}
    session = "FIX.4.4:TRIMTABDC->XSIM"

    [line] = told("drop_copy_compared", body, actor="gateway", subject=session)

    assert (line["subject"], line["component"]) == (session, "gateway")
    assert (line["same"], line["different"]) == (7, 1)
    assert line["days"] == ["2022-11-29", "2022-11-30"]


def test_a_rejected_order_is_a_warning_and_a_fill_is_not_said_twice():
    report = {"symbol": "AAPL", "reason": "unknown symbol"}

    (rejected,) = told("order_report_booked", {"report": report, "status": "8", "cum_qty": "0"})
    (filled,) = told("execution_booked", {"report": report, "status": "2", "cum_qty": "9"})

    assert (rejected["log_level"], rejected["detail"]) == ("warning", "unknown symbol")
    assert filled["log_level"] == "debug"


def test_a_body_of_another_shape_never_stops_what_was_committed():
    (fields,) = told("order_released", {"side": "1"})

    assert fields["event"] == "audit_entry_not_told"


def test_what_is_rolled_back_is_not_told(installed):
    with changer(installed) as service:
        with suppress(InvariantError), service._vault.write() as uow:
            uow.audit.append(at=NOW, actor="oms", kind="never_happened", subject="x", body={})
            raise InvariantError("the disk is full")
        with service._vault.write() as uow:
            with suppress(InvariantError), uow.savepoint():
                uow.audit.append(at=NOW, actor="oms", kind="taken_back", subject="x", body={})
                raise InvariantError("not this one")
            uow.audit.append(at=NOW, actor="oms", kind="it_happened", subject="x", body={})

    events = [json.loads(line)["event"] for line in installed.files.log.read_text().splitlines()]
    assert events == ["it_happened"]


def test_a_command_without_a_service_leaves_its_decision_in_the_log(installed):
    with changer(installed) as service:
        service.halt("firm", "", "anna", "bad prices")

    line = json.loads(installed.files.log.read_text())
    assert (line["event"], line["by"], line["level"]) == ("halt_set", "anna", "warning")


def test_reading_writes_no_log(installed):
    with reader(installed) as service:
        service.runs(1)

    assert not installed.files.log.exists()


RELEASED = {"event": "order_released", "order": "AB-1", "accounts": ["H1", "H2"]}
WIRE = {"event": "fix.in", "order": "AB-1", "raw": "8=FIX.4.4|11=AB-1|"}
CANCEL = {"event": "fix.out", "order": "AB-1C", "raw": "8=FIX.4.4|11=AB-1C|41=AB-1|"}
ANSWER = {"event": "fix.in", "order": "AB-1C", "raw": "8=FIX.4.4|11=AB-1C|150=4|"}
OTHER = {"event": "fix.in", "order": "AB-2", "raw": "8=FIX.4.4|11=AB-2|"}
DAY = (RELEASED, WIRE, OTHER, CANCEL, ANSWER)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Filter(account="H1"), [RELEASED, WIRE, CANCEL, ANSWER]),
        (Filter(account="H1", fix_only=True), [WIRE, CANCEL, ANSWER]),
        (Filter(account="H9"), []),
        (Filter(account="H9", orders_of_account=["AB-2"]), [OTHER]),
        (Filter(order="AB-1"), [RELEASED, WIRE, CANCEL, ANSWER]),
        (Filter(order="AB-2"), [OTHER]),
        (Filter(run="ab"), list(DAY)),
        (Filter(run="cd"), []),
    ],
)
def test_a_filter_follows_an_order_from_the_account_to_the_wire(wanted, shown):
    assert [line for line in DAY if wanted.passes(line)] == shown
