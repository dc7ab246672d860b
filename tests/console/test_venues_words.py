"""`trimtab venues WORD`: what operators ask of venues that run, and what they are told."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from console.main import main
from console.venues_words import WORDS
from tests.simulator.conftest import PRICES, VenueProcess

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "exchange.md"
CONFIG = """\
state_dir = "state"
[clock]
start = "2022-11-30T15:00:00Z"
stepped = true
[[venue]]
name = "XSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
[[venue]]
name = "YSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("venues")
    (folder / "prices.csv").write_text(PRICES)
    (folder / "venues.toml").write_text(CONFIG)
    process = VenueProcess(folder / "venues.toml").start()
    yield folder
    assert process.stop() == 0


@pytest.fixture
def ask(folder, capsys):
    """One command as a person types it: exit code, output, complaint."""

    def run(*words):
        try:
            code = main(["--config", str(folder / "trimtab.toml"), "venues", *words])
        except SystemExit as ended:
            code = ended.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_the_venues_and_their_sessions_are_listed(ask):
    code, out, _ = ask("status")
    _, sessions, _ = ask("sessions", "--json")

    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["XSIM", "YSIM"]
    assert "continuous" in out
    assert "2022-11-30T15:00:00" in out
    assert [one["logged_on"] for one in json.loads(sessions)["sessions"]] == [False, False]


def test_strangers_trade_and_a_book_shows_what_is_left(ask):
    ask("inject", "sell", "300", "AAPL", "--price", "148.50", "--venue", "XSIM")
    ask("inject", "buy", "100", "AAPL", "--price", "148.50", "--venue", "XSIM")
    ask("inject", "buy", "50", "AAPL", "--price", "148.00", "--venue", "XSIM")

    _, book, _ = ask("books", "AAPL", "--venue", "XSIM")
    _, orders, _ = ask("orders", "--venue", "XSIM", "--json")

    assert book.splitlines()[1].split() == ["50", "148.00", "148.50", "200"]
    assert book.splitlines()[2] == "AAPL on XSIM: last 148.50"
    assert [one["cum_qty"] for one in json.loads(orders)["orders"]] == [100, 100, 0]


def test_a_symbol_is_halted_and_trades_again(ask):
    assert ask("halt", "LOTS", "--venue", "YSIM")[:2] == (0, "venue YSIM, halted LOTS\n")
    assert ask("resume", "LOTS", "--venue", "YSIM", "--json")[1] == (
        '{"halted":[],"venue":"YSIM"}\n'
    )


def test_an_order_is_guaranteed_a_price(ask):
    ask("telephone", "TRIMTAB", "buy", "100", "AAPL", "--price", "90.00", "--venue", "XSIM")
    orders = json.loads(ask("orders", "--venue", "XSIM", "--json")[1])["orders"]
    (name,) = (one["order_id"] for one in orders if one["client"] == "TRIMTAB")

    code, out, _ = ask("stop", name, "100", "90", "--venue", "XSIM")

    assert (code, "stopped" in out) == (0, True)
    assert "nothing is pending" in ask("refuse", name, "--venue", "XSIM")[2]
    assert ask("cancel", name, "--venue", "XSIM")[0] == 0


def test_every_operation_of_the_page_has_a_word():
    table = PAGE.read_text().partition("| operation | arguments |")[2]
    named = [
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall("`([a-z-]+)`", row.split("|")[1])
    ]

    assert len(named) > 10
    assert set(named) <= set(WORDS)


def test_the_clock_is_stepped(ask):
    _, out, _ = ask("step", "90")
    _, later, _ = ask("step", "--to", "2022-11-30T15:10:00Z", "--json")

    assert out == "now 2022-11-30T15:01:30+00:00\n"
    assert json.loads(later) == {"now": "2022-11-30T15:10:00+00:00"}


def test_the_day_ends_and_its_file_is_named(ask):
    _, out, _ = ask("end-of-day", "--venue", "YSIM", "--json")

    told = json.loads(out)
    assert (told["trade_date"], told["expired"]) == ("2022-11-30", 0)
    assert Path(told["path"]).name == "YSIM_20221130_executions.csv"
    assert ask("open", "--venue", "YSIM")[0] == 0


def test_scenarios_can_be_looked_up(ask):
    _, scripts, _ = ask("scenarios", "scripts", "--venue", "XSIM")
    _, script, _ = ask("scenarios", "D13", "--venue", "XSIM", "--json")
    _, shown, _ = ask("scenarios", "D13", "--venue", "XSIM")
    assert ask("call", "E.1.a", "TRIMTAB", "--venue", "XSIM")[0] == 0
    _, plays, _ = ask("scenarios", "--venue", "XSIM")
    _, play, _ = ask("scenarios", "1", "--venue", "XSIM")

    assert "D.1.a" in scripts
    assert "t4 client: OrderCancelReplaceRequest (G) with ClOrdID Y, OrigClOrdID X" in shown
    assert "E.1.a.TEST" in plays
    assert "called with an order for 10000" in play
    assert json.loads(script)["scenario"] == "D.1.a"
    assert ask("next-day", "--venue", "XSIM")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["halt", "AAPL"], 65, "say which venue: --venue XSIM or --venue YSIM"),
        (["halt", "AAPL", "--venue", "ZSIM"], 64, "there is no venue ZSIM; there are XSIM, YSIM"),
        (["halt", "NOPE", "--venue", "XSIM"], 65, "symbol must be one that XSIM trades"),
        (["bust", "E-1", "--venue", "XSIM"], 65, "E-1"),
        (["books", "NOPE", "--venue", "XSIM"], 64, "'NOPE' does not trade on XSIM"),
        (["books"], 64, "the following arguments are required: SYMBOL"),
        (["step", "soon"], 65, "soon is no number of seconds"),
        (["step", "-5"], 65, "goes on by a year at most"),
        (["hlat", "AAPL"], 64, "there is no word 'hlat' for venues; did you mean halt?"),
        (["fault", "TRIMTAB", "explode", "--venue", "XSIM"], 64, "there are disconnect"),
        (["fault", "TRIMTAB", "slow", "--venue", "XSIM"], 65, "slow lasts"),
        (["status", "--control", "http://127.0.0.1:1"], 69, "do not answer; do they run?"),
        (["status", "--control", "file:///etc/passwd"], 65, "is no address of a door"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(ask, words, code, says):
    ended, out, err = ask(*words)

    assert (ended, out) == (code, "")
    assert says in err


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """No venues.toml here, and a directory for temporary files of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return ["--config", str(tmp_path / "trimtab.toml"), "venues"]


def test_venues_that_never_ran_are_not_found(elsewhere, capsys):
    assert main([*elsewhere, "status"]) == 69

    assert "no venues have run with this state; start them" in capsys.readouterr().err


def test_without_a_configuration_the_sample_is_asked(elsewhere, tmp_path, capsys):
    command = [sys.executable, "-m", "simulator", "--sample", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as process:
        try:
            assert process.stdout.readline()
            assert main([*elsewhere, "books", "AAPL"]) == 0
        finally:
            process.terminate()

    assert "AAPL on XSIM: last 147.60" in capsys.readouterr().out
    assert process.returncode == 0


def test_help_names_every_word(capsys):
    with pytest.raises(SystemExit):
        main(["venues", "--help"])

    told = capsys.readouterr().out
    assert all(f"\n  {word} " in told for word in ("status", "books", "bust", "step", "fault"))
