"""The command line: help, exit codes, and what each command prints."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import version

import pytest

from console import doors
from console.commands.approve import override_of
from console.commands.orders import changed, line_of, looks
from console.commands.sessions import behind
from console.main import main
from console.printing import Column, aligned, money, number, price, print_lines
from console.registry import ENTRIES
from console.service_port import NewTerms, OrderQuery
from domain.errors import BadInputError
from domain.orders import Settlement
from domain.postings import Break
from domain.runs import ApprovalStatus

BREAK = Break(kind="cash_differs", subject="H001-1", ours="1", theirs="2", message="a dollar")
READING = (
    "runs",
    "orders",
    "positions",
    "lots",
    "breaks",
    "approvals",
    "audit verify",
    "trace last",
    "proposed last",
)


def call(*arguments):
    try:
        return main(list(arguments))
    except SystemExit as stop:
        return stop.code


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_command_has_a_help_with_its_example(entry, capsys):
    code = call(*entry.name.split(), "--help")

    out = capsys.readouterr().out
    assert code == 0
    assert f"example: {entry.example}" in out
    assert f"trimtab {entry.name}" in out


@pytest.mark.parametrize("command", ["rules", "breaches", "venues"])
def test_every_word_of_a_command_has_an_example_too(command, capsys):
    call(command, "--help")
    words = re.findall(r"^ {2,4}([a-z][a-z-]+) ", capsys.readouterr().out, re.MULTILINE)

    examples = [_help(capsys, command, word) for word in words]

    assert len(words) > 1
    assert [text for text in examples if "example: trimtab" not in text] == []


def _help(capsys, *words):
    assert call(*words, "--help") == 0
    return capsys.readouterr().out


def test_the_help_lists_every_command(capsys):
    assert call("--help") == 0

    out = capsys.readouterr().out
    assert all(f"  {entry.name} " in out for entry in ENTRIES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ordres"], "there is no command 'ordres'; did you mean orders?"),
        (["cancel", "X", "--by", "a"], "the following arguments are required: --why"),
        (["replace", "X", "--quantity", "-1"], "must be a plain number above zero, not '-1'"),
        (["replace", "X", "--limit", "NaN"], "must be a plain number above zero, not 'NaN'"),
        (["resolve", "X", "--by", "a"], "one of the arguments --as --agree is required"),
        (["xyzzy"], "there is no command 'xyzzy'; `trimtab --help` lists the commands"),
        (["orders", "--acount", "x"], "unrecognized arguments: --acount x"),
        (["approve", "last"], "the following arguments are required: --by"),
        (["runs", "--limit", "0"], "must be 1 to 10000, not '0'"),
        (["halt", "galaxy", "--by", "a", "--why", "b"], "invalid choice: 'galaxy'"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_a_wrong_use_is_told_in_one_line_and_exits_64(arguments, said, capsys):
    assert call(*arguments) == 64

    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_without_a_command_the_help_is_printed_and_the_exit_is_64(capsys):
    assert call() == 64
    assert "commands:" in capsys.readouterr().out


def test_a_missing_configuration_is_one_sentence_and_exits_78(capsys, tmp_path):
    code = call("runs", "--config", str(tmp_path / "no.toml"))

    captured = capsys.readouterr()
    assert code == 78
    assert captured.err == (
        f"trimtab: there is no {tmp_path}/no.toml; `trimtab init` writes one, "
        "`--config FILE` names another\n"
    )
    assert captured.out == ""


def test_the_configuration_may_stand_after_the_command_or_in_the_environment(
    run, installed, monkeypatch, capsys
):
    assert call("runs", "--config", str(installed.path)) == 0
    monkeypatch.setenv("TRIMTAB_CONFIG", str(installed.path))
    assert call("runs") == 0
    assert "month-end" in capsys.readouterr().out


@pytest.mark.parametrize("command", READING)
def test_what_prints_data_prints_it_as_json_too(run, command):
    answer = run(*command.split(), "--json")

    assert answer.code == 0
    assert answer.out.count("\n") == 1
    json.loads(answer.out)


ORDER = "7M2K9QDE-0001"


def test_an_order_shows_its_whole_life_and_what_is_not_answered(run):
    lines = run("order", ORDER).out.splitlines()

    assert lines[0].startswith(
        "buy 1,200 AAPL limit 148.77 for the day on XSIM, 2022-11-30: partially filled"
    )
    assert "the venue's OrderID XSIM-7" in lines[1]
    assert lines[2] == f"not answered yet: {ORDER}.1"
    assert lines[4].split()[:2] == ["20:45:00.000", "ExecutionReport"]
    assert run("order", "nobody").code == 64


def test_a_days_order_under_one_name_is_told_without_repeating_either(run):
    lines = run("order", ORDER).out.splitlines()

    assert lines[3].split()[:3] == ["TIME,", "UTC", "WHAT"]
    assert "CLORDID" not in lines[3]
    assert ORDER not in lines[4]


def test_an_order_of_several_days_and_names_is_told_with_both(run, desk, monkeypatch):
    life = desk.order(ORDER)
    (first,) = life.life
    later = replace(first, at=first.at + timedelta(days=1), cl_ord_id=f"{ORDER}.1")
    monkeypatch.setattr(desk, "order", lambda _: replace(life, life=(first, later)))

    lines = run("order", ORDER).out.splitlines()

    assert "CLORDID" in lines[3]
    assert lines[5].startswith("2022-12-01 20:45:00.000  ExecutionReport")
    assert f"{ORDER}.1" in lines[5]


@pytest.mark.parametrize("is_serving", [False, True])
def test_wishes_about_an_order_reach_the_service_as_they_were_said(
    run, desk, installed, is_serving, request
):
    if is_serving:
        request.getfixturevalue("serving")
    assert run("cancel", ORDER, "--by", "anna", "--why", "client called").code == 0
    assert run("replace", ORDER, "--limit", "148.20", "--by", "anna", "--why", "ran").code == 0
    said = run("resolve", ORDER, "--as", "never-reached", "--by", "anna", "--why", "desk").out
    assert run("resolve", ORDER, "--agree", "--by", "ben").code == 0

    wishes = [told for told in desk.told if told[0] != "orders"]
    assert wishes == [
        ("cancel", ORDER, "anna", "client called"),
        ("replace", ORDER, NewTerms(limit=Decimal("148.20")), "anna", "ran"),
        ("propose_settlement", ORDER, Settlement.NEVER_REACHED, "anna", "desk"),
        ("second_settlement", ORDER, "ben"),
    ]
    assert said == f"anna says that {ORDER} never_reached\n"


def test_what_became_of_an_order_is_not_said_without_a_reason(run, desk):
    answer = run("resolve", ORDER, "--as", "ended", "--by", "anna")

    assert answer.code == 65
    assert "--as needs --why" in answer.err
    assert desk.told == []


def test_sessions_say_how_far_booking_is_behind(run, serving):
    head, line = run("sessions").out.splitlines()

    assert head.split()[-4:] == ["BEHIND", "QUEUE", "IN", "DOUBT"]
    assert line.split()[-3:] == ["0", "0", "0"]


def test_a_session_that_is_off_is_behind_with_nothing_that_it_refused(desk):
    (state,) = desk.sessions()
    refused = replace(state, next_target=97, durable_target=0)

    assert behind(refused) == 96
    assert behind(replace(refused, logged_on=False)) == 0
    assert behind(replace(refused, logged_on=False, queue_depth=3)) == 96


def test_a_followed_order_is_shown_again_only_when_it_changed(desk):
    (order,) = desk.orders(None)
    more = replace(order, cum_qty=order.order_qty, status="filled")
    known = {}

    assert list(changed(known, [order])) == [order]
    assert list(changed(known, [order])) == []
    assert list(changed(known, [more])) == [more]
    assert line_of(more).split()[:4] == [ORDER, "XSIM", "buy", "AAPL"]


def test_who_follows_open_orders_sees_how_they_end_and_none_that_had_ended_before(desk):
    (order,) = desk.orders(None)
    ended = replace(order, cl_ord_id="OLD-1", status="filled")
    filled = replace(order, status="filled")
    book = [[order], [ended, order], [ended, order], [ended, filled]]

    def look(query):
        assert query.open_only == (len(book) == 4)
        return book.pop(0)

    found = looks(look, OrderQuery(open_only=True))
    assert [next(found), next(found)] == [(order,), (filled,)]


def test_runs_are_listed_in_aligned_columns(run):
    lines = run("runs").out.splitlines()

    assert lines[0].split() == ["RUN", "TRIGGER", "DUE", "STATUS", "WHY"]
    assert lines[1].startswith("0190b5a07c117abc8def0123456789ab  month-end  2022-11-30 20:45:00Z")
    assert lines[0].index("STATUS") == lines[1].index("awaiting_approval")


def test_one_run_shows_what_came_of_it(run):
    out = run("runs", "last").out

    assert "trigger   month-end: 15 minutes before the close" in out
    assert "approval  pending\n" in out
    assert ": 31 orders, the policy allows 25\n" in out
    assert "partially filled" in out
    assert "12 % of the day's volume" in out


def test_orders_pass_their_filters_on(run, desk):
    run(
        "orders",
        "--run",
        "last",
        "--account",
        "H001-1",
        "--symbol",
        "AAPL",
        "--open",
        "--limit",
        "5",
    )

    [(_, query)] = desk.told
    assert (query.run, query.account_id, query.symbol) == ("last", "H001-1", "AAPL")
    assert query.open_only
    assert query.limit == 5


def test_numbers_are_exact_and_marked_in_thousands(run):
    assert "-1,234,567.5 " in run("positions").out


def test_open_lots_are_listed_by_name_with_what_of_them_is_spoken_for(run):
    out = run("lots", "--account", "H001-2").out

    assert out.splitlines()[1].split() == [
        "H001-2", "AAPL", "H001-1:AAPL:2", "1,200", "30", "150,000.25", "2021-03-01", "long",
    ]  # fmt: skip
    assert "no such lot is open" in run("lots", "--symbol", "KO").out


def test_an_unknown_name_says_what_to_do_next_and_exits_64(run):
    answer = run("positions", "--account", "NOBODY")

    assert answer.code == 64
    assert answer.err == "trimtab: no account 'NOBODY'; `trimtab positions` lists them\n"


def test_an_unknown_run_says_where_the_runs_are(run):
    answer = run("trace", "ffff")

    assert answer.code == 64
    assert answer.err == "trimtab: no run 'ffff'; `trimtab runs` lists the runs there are\n"


def test_data_cannot_drive_the_terminal(run):
    assert run("explain", "7M2K9QDE-0001").out == "Bought 700\\x1b AAPL.\n"


def test_a_wish_takes_the_lease_itself_when_no_service_runs(run, desk):
    answer = run("approve", "last", "--by", "ben", "--override", "wash:H1=client insists")

    assert answer.code == 0
    [(what, name, by, why, overrides)] = desk.told
    assert (what, name, by, why) == ("approve", "last", "ben", "")
    assert (overrides[0].rule_id, overrides[0].account_id) == ("wash", "H1")
    assert "is approved by ben (basket abababababab)" in answer.out


def test_a_wish_goes_through_the_api_while_the_service_runs(run, desk, serving, monkeypatch):
    def never():
        raise AssertionError("the lease was taken beside a running service")

    monkeypatch.setattr(doors, "application", never)

    assert run("reject", "last", "--by", "ben", "--why", "no").code == 0
    assert run("halt", "venue", "XSIM", "--by", "ben", "--why", "bad prices").code == 0
    assert desk.told == [("reject", "last", "ben", "no")]
    assert ("venue", "XSIM") in desk.halted


def test_a_failed_run_is_tried_again_by_a_person(run, desk):
    answer = run("retry", "last", "--by", "ben")

    assert answer.code == 0
    assert desk.told == [("retry", "last", "ben")]
    assert "is tried again by ben" in answer.out


def test_status_and_stop_speak_to_the_running_service(run, desk, serving):
    assert "FIX.4.4:TRIMTAB->XSIM" in run("status").out
    assert run("stop", "--by", "anna").code == 0
    assert ("stop", "anna") in desk.told


def test_stop_returns_only_when_the_process_has_ended(run, desk, serving):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as service:
        desk.pid = service.pid
        waiting = run("stop", "--by", "anna", "--wait", "1")
        service.stdin.close()
        stopped = run("stop", "--by", "anna")

    assert waiting.code == 75
    assert f"(process {service.pid}) is still stopping after 1 s" in waiting.err
    assert (stopped.code, stopped.out) == (0, "the service has stopped\n")


def test_a_rejected_run_shows_who_why_and_what_was_asked(run, desk, monkeypatch):
    pending = desk.approvals()[0]
    decided = replace(
        pending,
        status=ApprovalStatus.REJECTED,
        decided_by="ben",
        decided_at=pending.requested_at,
        decision_reason="market moved",
    )
    monkeypatch.setattr(desk, "approvals", lambda: (decided,))

    lines = run("runs", "last").out.splitlines()

    assert "approval  rejected by ben: market moved" in lines
    assert any(line.startswith("asked     ") and pending.why in line for line in lines)


def test_status_without_a_service_exits_69(run):
    answer = run("status")

    assert answer.code == 69
    assert "start one with `trimtab serve`" in answer.err


def test_halt_and_resume_name_their_scope(run):
    said = run("halt", "firm", "--by", "a", "--why", "w").out
    assert said.startswith("the firm is halted")
    assert run("resume", "firm", "--by", "b", "--why", "w").out == "the firm may trade again\n"
    assert run("resume", "firm", "--by", "b", "--why", "w").out == "the firm was not halted\n"
    assert run("halt", "venue", "--by", "a", "--why", "w").err == "trimtab: say which venue\n"
    assert run("halt", "firm", "X", "--by", "a", "--why", "w").code == 65


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2J"])
def test_a_name_that_cannot_stand_in_the_audit_trail_is_refused(run, desk, name):
    assert run("reject", "last", "--by", name, "--why", "x").code == 65
    assert desk.told == []


def test_a_refused_file_exits_65_and_names_line_field_value_and_remedy(run, tmp_path):
    (tmp_path / "good.csv").touch()
    (tmp_path / "bad.csv").touch()

    answer = run("ingest", str(tmp_path / "good.csv"), str(tmp_path / "bad.csv"))

    assert answer.code == 65
    assert "bad.csv:7: quantity '1,5' not a plain number; write 1.5" in answer.out
    assert run("ingest", str(tmp_path / "good.csv")).code == 0


def test_a_missing_file_exits_69_before_anything_is_read(run, desk, tmp_path):
    answer = run("ingest", str(tmp_path / "no.csv"))

    assert answer.code == 69
    assert "nothing was read" in answer.err
    assert desk.told == []


def test_a_break_makes_reconcile_exit_1_unless_it_was_planted(run, desk, tmp_path):
    file = tmp_path / "f.csv"
    file.touch()

    assert run("reconcile", str(file)).out == "f.csv agrees with the ledger\n"
    desk.found = (BREAK,)
    assert run("reconcile", str(file)).code == 1


def test_a_broken_audit_trail_exits_1(run, desk):
    assert run("audit", "verify").code == 0
    assert run("audit", "export").out == '{"sequence":1}\n{"sequence":2}\n'
    desk.verified = False
    answer = run("audit", "verify")
    assert answer.code == 1
    assert "DOES NOT HOLD" in answer.out


def test_check_exits_1_when_something_does_not_hold(run, desk):
    assert run("check").code == 0
    desk.verified = False
    assert run("check").code == 1


def test_tail_says_that_nothing_was_found(run, installed):
    installed.files.log.write_text('{"event": "run_started", "level": "info"}\n')

    answer = run("tail", "--account", "H001-1")

    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"trimtab tail: no line of {installed.files.log} is about that\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [("134.5", "134.50"), ("109", "109.00"), ("146.89203714", "146.892"), ("0.1234", "0.1234")],
)
def test_a_price_has_two_to_four_places(value, text):
    assert price(Decimal(value)) == text


def test_tail_shows_filters_and_keeps_json(run, installed, desk):
    known = desk.runs(1)[0].run_id.hex
    rows = [
        {"ts": "2026-01-30T14:30:01.1Z", "level": "info", "event": "run_started", "run": known},
        {"ts": "2026-01-30T14:30:02.2Z", "level": "error", "event": "run_failed", "run": known},
    ]
    installed.files.log.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert len(run("tail").out.splitlines()) == 2
    answer = run("tail", "--level", "error", "--run", "0190B5", "--json")
    assert [json.loads(line) for line in answer.out.splitlines()] == rows[1:]
    assert len(run("tail", "--run", "last").out.splitlines()) == 2


def test_tail_decodes_messages_field_by_field(run, installed):
    raw = "35=8|54=2|39=1|9999=x|554=hunter2|"
    installed.files.log.write_text(json.dumps({"event": "fix.in", "raw": raw}) + "\n")

    lines = run("tail", "--fix", "--decode").out.splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["35", "MsgType", "8", "(ExecutionReport)"],
        ["54", "Side", "2", "(SELL)"],
        ["39", "OrdStatus", "1", "(PARTIALLY_FILLED)"],
        ["9999", "?", "x"],
        ["554", "Password", "***"],
    ]


def test_tail_without_a_log_exits_69(run):
    assert run("tail").code == 69


def test_an_override_needs_all_its_parts():
    for text in ("", "rule", "rule:account", "rule:account=", ":a=b", "r:=w", "r:a= "):
        with pytest.raises(BadInputError, match="RULE:ACCOUNT=WHY"):
            override_of(text)


def test_init_may_be_run_again_and_keeps_what_is_there(tmp_path, capsys):
    assert call("init", "--dir", str(tmp_path / "x")) == 0
    written = {p: p.read_bytes() for p in (tmp_path / "x").rglob("*.toml")}
    assert "wrote" in capsys.readouterr().out

    assert call("init", "--dir", str(tmp_path / "x")) == 0

    assert "wrote" not in capsys.readouterr().out
    assert written == {p: p.read_bytes() for p in (tmp_path / "x").rglob("*.toml")}
    assert oct((tmp_path / "x" / "state").stat().st_mode)[-3:] == "700"
    assert oct((tmp_path / "x" / "state" / "api.token").stat().st_mode)[-3:] == "600"


def test_a_reader_that_goes_away_is_no_error(installed):
    """`trimtab ... | head -1` ends quietly."""
    log = installed.files.log
    log.write_text('{"event": "x"}\n' * 20_000)
    command = [sys.executable, "-m", "console.main", "--config", str(installed.path)]

    with subprocess.Popen(
        [*command, "tail", "-n", "10000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()

    assert err == b""
    assert process.returncode == 141


def test_the_help_imports_nothing_heavy():
    """Starting is quick because only the wanted command's modules are imported."""
    heavy = "{'cvxpy', 'sqlalchemy', 'starlette', 'uvicorn', 'rich', 'structlog', 'quickfix'}"
    code = "import sys; from console.main import main; main([]); "
    code += f"sys.exit(bool({heavy} & set(sys.modules)))"

    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert process.returncode == 0


def test_the_version_is_the_installed_one(capsys):
    assert call("--version") == 0
    assert capsys.readouterr().out == f"trimtab {version('trimtab')}\n"


def test_a_fault_of_ours_exits_70_with_its_traceback(run, desk, monkeypatch):
    """1 would say that a check does not hold."""
    monkeypatch.setattr(desk, "approvals", lambda: 1 / 0)

    answer = run("approvals")

    assert answer.code == 70
    assert "ZeroDivisionError" in answer.err


def test_a_long_sentence_is_wrapped_on_a_terminal_and_left_whole_in_a_pipe(capsys, monkeypatch):
    sentence = "  sector-concentration passed: Health Care would be 30 % of the account"
    print_lines([sentence, "short"])
    piped = capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    print_lines([sentence, "short"])

    assert piped == f"{sentence}\nshort\n"
    assert capsys.readouterr().out.splitlines() == [
        "  sector-concentration passed: Health",
        "  Care would be 30 % of the account",
        "short",
    ]


def test_a_table_is_aligned_by_its_widest_cell():
    columns = (Column("NAME", str), Column("N", str, number=True))

    assert aligned(columns, [["a", "1"], ["long name", "1,000"]]) == [
        "NAME           N",
        "a              1",
        "long name  1,000",
    ]


def test_none_is_a_dash():
    assert number(None) == money(None) == "-"
