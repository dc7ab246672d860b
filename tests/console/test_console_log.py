"""The log: what a line holds, how it reads, and what it never shows."""

import io
import json
import logging
import sys
from decimal import Decimal
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.contextvars import bound_contextvars

from console.log import close_logging, configure_logging, log_to_stderr
from console.log_fields import finished
from console.log_line import LineRenderer
from console.redaction import redact, redact_text
from console.terminal import escaped
from domain.identifiers import short_id
from domain.orders import Side

RUN = UUID("0190b5a0-7c11-7abc-8def-0123456789ab")
PLAIN = LineRenderer(colour=False)
COLOUR = LineRenderer(colour=True)
TS = "2026-01-30T14:30:01.140332Z"


@pytest.fixture
def log_path(tmp_path):
    path = tmp_path / "log" / "trimtab.jsonl"
    configure_logging(path, level="debug")
    yield path
    close_logging()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_has_its_fields_in_the_agreed_order(log_path):
    log = structlog.get_logger("oms.release")

    with bound_contextvars(run=RUN.hex):
        log.info("order_released", order_id="7M2K-0001", quantity=Decimal(700), side=Side.BUY)

    [line] = lines(log_path)
    assert list(line) == [
        "ts", "level", "event", "component", "trace_id", "run", "order", "quantity", "side",
    ]  # fmt: skip
    assert line["component"] == "oms"
    assert line["trace_id"] == line["run"] == RUN.hex
    assert line["order"] == "7M2K-0001"
    assert line["quantity"] == "700"


def test_the_standard_library_s_lines_flow_into_it(log_path):
    logging.getLogger("sqlalchemy.engine").warning("pool of %s is full", 5)

    [line] = lines(log_path)
    assert line["event"] == "sqlalchemy.engine"
    assert line["component"] == "sqlalchemy"
    assert line["message"] == "pool of 5 is full"


def test_a_traceback_is_kept_without_the_values_of_its_variables(log_path):
    def fail():
        password = "hunter2"
        raise ValueError(len(password))

    try:
        fail()
    except ValueError:
        structlog.get_logger("gateway").exception("message_refused")

    [line] = lines(log_path)
    assert "ValueError: 7" in line["exception"]
    assert "hunter2'" not in log_path.read_text().replace('password = \\"hunter2\\"', "")


def test_control_characters_cannot_leave_their_line(log_path):
    structlog.get_logger("vault").warning("row_rejected", value="a\nb\x1b[2J\x85\u202e\u2028c")

    text = log_path.read_text()
    assert text.count("\n") == 1
    assert all(32 <= ord(c) < 127 for c in text.rstrip("\n"))
    assert lines(log_path)[0]["value"] == "a\nb\x1b[2J\x85\u202e\u2028c"


def test_secrets_reach_neither_file_nor_terminal(log_path):
    raw = "8=FIX.4.4\x0135=A\x01553=anna\x01554=hunter2\x0196=hunter2\x0110=001\x01"
    structlog.get_logger("gateway").info(
        "fix.out", raw=raw, password="hunter2", n={"token": "hunter2"}
    )

    assert "hunter2" not in log_path.read_text()
    [line] = lines(log_path)
    assert line["raw"] == ("8=FIX.4.4|35=A|553=[redacted]|554=[redacted]|96=[redacted]|10=001|")


def test_a_level_that_is_off_writes_nothing(tmp_path):
    configure_logging(tmp_path / "x.jsonl", level="warning")
    try:
        structlog.get_logger("oms").info("order_released")
        structlog.get_logger("oms").warning("order_late")
    finally:
        close_logging()

    assert [line["event"] for line in lines(tmp_path / "x.jsonl")] == ["order_late"]


def test_a_warning_goes_to_the_stderr_of_now(monkeypatch):
    """The one of the set-up may be closed by then."""
    with io.StringIO() as earlier, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", earlier)
        log_to_stderr()
    monkeypatch.setattr("sys.stderr", io.StringIO())

    structlog.get_logger("vault").warning("database_is_busy")
    close_logging()

    assert "database_is_busy" in sys.stderr.getvalue()


def test_a_breach_reads_like_this():
    line = {"ts": TS, "level": "error", "event": "compliance.blocked", "run": RUN.hex}
    line |= {"rule": "restricted_list", "symbol": "XOM", "detail": "issuer on restricted list"}

    assert PLAIN.render(line) == (
        f"14:30:01.140332 E {short_id(RUN)}      compliance.blocked   "
        "rule=restricted_list symbol=XOM detail=issuer on restricted list"
    )


NEW_ORDER = (
    "8=FIX.4.4|9=150|35=D|34=214|49=OMS|52=20260130-14:30:01.140|56=JPM|11=0938NKRB-0003|"
    "38=1200|40=2|44=190.25|54=1|55=AAPL|59=0|60=20260130-14:30:01.140|10=000|"
)
FILL = (
    "8=FIX.4.4|9=150|35=8|34=302|49=JPM|52=20260130-14:30:01.377|56=OMS|11=0938NKRB-0003|37=1|17=2|"
    "150=F|39=1|55=AAPL|54=1|38=1200|32=700|31=190.24|151=500|14=700|6=190.24|10=000|"
)


def on_the_wire(event, raw):
    line = {"ts": TS, "level": "info", "event": event, "order": "0938NKRB-0003"}
    return line | {"session": "S", "raw": raw, "msg_type": "D", "seq": 214}


def test_a_message_that_goes_out_reads_like_this():
    """The headline says it all; session, sequence number and raw text stay in the file."""
    assert PLAIN.render(on_the_wire("fix.out", NEW_ORDER)) == (
        "14:30:01.140332 I 0938NKRB-0003 fix.out              "
        "OMS->JPM ▶ NewOrderSingle BUY 1,200 AAPL limit 190.25 day seq=214"
    )


def test_a_fill_that_comes_in_reads_like_this():
    assert PLAIN.render(on_the_wire("fix.in", FILL)) == (
        "14:30:01.140332 I 0938NKRB-0003 fix.in               OMS->JPM ◀ ExecutionReport BUY AAPL "
        "partially filled 700 @ 190.24  filled 700/1,200 avg 190.24 seq=302"
    )


def test_an_event_of_a_session_reads_like_this():
    line = {"ts": TS, "level": "info", "event": "fix.event"}
    line |= {"session": "FIX.4.4:OMS->JPM", "text": "Disconnecting"}

    assert PLAIN.render(line) == (
        "14:30:01.140332 I               fix.event            OMS->JPM Disconnecting"
    )


def test_an_alarm_says_its_kind_and_its_order_once():
    line = {"ts": TS, "level": "error", "event": "alarm_raised", "order": "0938NKRB-0003"}
    line |= {"kind": "over_filled", "detail": "0938NKRB-0003: 1,300 of 1,200 filled"}

    assert PLAIN.render(line) == (
        "14:30:01.140332 E 0938NKRB-0003 alarm_raised         over_filled: 1,300 of 1,200 filled"
    )


def test_an_alarm_names_its_session_once():
    line = {"ts": TS, "level": "error", "event": "alarm_raised", "kind": "session_down"}
    line |= {"detail": "XSIM: session S is down", "session": "S", "venue": "XSIM"}

    assert PLAIN.render(line).endswith(" session_down: XSIM: session S is down")


def test_a_tick_that_is_left_out_is_no_warning(log_path):
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of instances")
    logging.getLogger("apscheduler.scheduler").error("the job failed")

    assert [line["message"] for line in lines(log_path)] == ["the job failed"]


def test_a_hash_is_as_short_as_the_commands_show_it():
    text = PLAIN.render({"ts": TS, "level": "info", "event": "x", "snapshot": "0123456789ab" * 5})
    hashed = PLAIN.render({"ts": TS, "level": "info", "event": "x", "snapshot": "01ab" * 16})

    assert text.endswith(f"snapshot={'0123456789ab' * 5}")
    assert hashed.endswith("snapshot=01ab01ab01ab")


def test_a_value_that_would_fill_the_screen_is_cut_there():
    text = PLAIN.render({"ts": TS, "level": "info", "event": "x", "detail": "y" * 1000})

    assert text.endswith("y… (+760)")


@given(raw=st.text(), event=st.sampled_from(["fix.in", "fix.out"]))
def test_any_text_on_the_wire_can_be_shown(raw, event):
    assert PLAIN.render(on_the_wire(event, raw)).isprintable()


def test_a_foreign_line_reads_like_this():
    line = {"ts": TS, "level": "warning", "event": "uvicorn.error", "message": "slow\x1b[31m"}

    assert PLAIN.render(line) == (
        "14:30:01.140332 W               uvicorn.error        slow\\x1b[31m"
    )


def test_a_partial_fill_of_a_buy_is_blue_and_yellow():
    text = COLOUR.render(on_the_wire("fix.in", FILL))

    assert "\x1b[34mBUY\x1b[0m" in text
    assert "\x1b[33mpartially filled\x1b[0m" in text
    assert "\x1b[36m◀\x1b[0m" in text
    assert "\x1b[32mfilled" not in text  # A part of the quantity is not the whole.


@pytest.mark.parametrize(
    ("status", "words"), [("2", "\x1b[32mfilled\x1b[0m"), ("8", "\x1b[31mrejected\x1b[0m")]
)
def test_a_sale_is_magenta_and_its_end_green_or_red(status, words):
    text = COLOUR.render(
        on_the_wire("fix.in", FILL.replace("39=1", f"39={status}").replace("54=1", "54=2"))
    )

    assert "\x1b[35mSELL\x1b[0m" in text
    assert words in text


def test_a_plain_line_has_no_escape_sequence():
    assert "\x1b" not in PLAIN.render({"ts": TS, "level": "error", "event": "x", "side": "BUY"})


def test_a_traceback_stands_below_its_line():
    text = PLAIN.render({"ts": TS, "level": "error", "event": "run_failed", "exception": "A\n  b"})

    assert text.endswith("run_failed\n    A\n      b")


@given(st.text())
def test_nothing_unprintable_survives_escaping(text):
    assert escaped(text).isprintable()


secrets = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="|@:/"), min_size=4
)


@given(
    secret=secrets, tag=st.sampled_from(["553", "554", "96", "925"]), bar=st.sampled_from("|\x01")
)
def test_a_secret_tag_is_redacted_wherever_it_stands(secret, tag, bar):
    for text in (
        f"{tag}={secret}{bar}10=1{bar}",
        f"35=A{bar}{tag}={secret}{bar}",
        f"35=A{bar}{tag}={secret}",
    ):
        assert f"{tag}=[redacted]" in redact_text(text)
        assert f"={secret}" not in redact_text(text).replace("=[redacted]", "")


def test_digits_of_another_tag_are_not_taken_for_a_secret_tag():
    assert redact_text("35=8|1554=ok|14=554|") == "35=8|1554=ok|14=554|"


def test_a_url_loses_its_password_and_a_header_its_token():
    assert redact_text("postgresql://anna:pw@db/x") == "postgresql://anna:[redacted]@db/x"
    assert redact_text("Authorization: Bearer abc.def") == "Authorization: Bearer [redacted]"


def test_secret_names_are_redacted_at_any_depth():
    assert redact({"a": [{"api_token": "x", "b": "y"}], "Password": 1}) == {
        "a": [{"api_token": "[redacted]", "b": "y"}],
        "Password": "[redacted]",
    }


def test_an_error_that_was_caught_elsewhere_is_told_with_its_traceback(log_path):
    structlog.get_logger("gateway").critical("inbox_failed", exc_info=ValueError("no such order"))

    [line] = lines(log_path)
    assert line["level"] == "critical"
    assert line["exception"] == "ValueError: no such order"


def test_a_terminal_that_is_gone_stops_neither_the_file_nor_the_caller(tmp_path, capsys):
    terminal = io.StringIO()
    configure_logging(tmp_path / "x.jsonl", terminal=terminal)
    try:
        terminal.close()
        structlog.get_logger("oms").info("order_released")
    finally:
        close_logging()

    assert [line["event"] for line in lines(tmp_path / "x.jsonl")] == ["order_released"]
    assert "closed file" in capsys.readouterr().err


def test_a_field_bound_to_a_line_outranks_the_run_s(log_path):
    with bound_contextvars(run=RUN.hex):
        structlog.get_logger("oms").bind(run="other").info("order_released")

    assert lines(log_path)[0]["run"] == "other"


def test_what_is_said_after_the_end_goes_nowhere(tmp_path, capsys):
    """The engine's own threads may speak while everything is closed."""
    configure_logging(tmp_path / "x.jsonl")
    log = structlog.get_logger("gateway").bind(session="A")
    log.info("session_logged_on")
    close_logging()

    log.info("session_logged_out")

    assert [line["event"] for line in lines(tmp_path / "x.jsonl")] == ["session_logged_on"]
    assert capsys.readouterr().err == ""


@given(
    texts=st.lists(st.sampled_from(["35=A|554=pw|", "a", "postgresql://anna:pw@db/x", "Bearer x"]))
)
def test_a_line_hides_what_each_of_its_texts_would_hide_alone(texts):
    event = {f"text{place}": text for place, text in enumerate(texts)}

    line = finished(dict(event))

    assert {name: line[name] for name in event} == {n: redact_text(t) for n, t in event.items()}


def test_lines_of_one_shape_keep_their_own_absent_fields():
    assert "order" not in finished({"event": "a", "cl_ord_id": None, "run_id": "r"})
    line = finished({"event": "a", "cl_ord_id": "C1", "run_id": "r"})

    assert list(line) == ["event", "component", "trace_id", "run", "order"]
    assert (line["order"], line["trace_id"]) == ("C1", "r")
