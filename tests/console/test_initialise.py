"""What `trimtab init` leaves: everything that `trimtab venues` and `trimtab serve` need."""

import shutil
import sqlite3
import stat
from contextlib import closing

import pytest

from console.config import load_config
from console.initialise import bundled, initialise
from console.main import main
from gateway.settings import load_settings
from simulator.exchange.prices import read_instruments
from simulator.running.config import read_config


def test_the_venues_of_the_configuration_can_be_started_at_once(fresh):
    """Sessions and simulated venues meet at the same ports, and there is something to trade."""
    config = load_config(fresh / "trimtab.toml", {})
    tables = {name: venue.table for name, venue in config.venues.items()}
    sessions = load_settings(config.fix_settings, tables, {}, config_file="trimtab.toml")

    venues = read_config(fresh / "venues.toml").venues

    assert {venue.rules.name for venue in venues} == {p.venue for p in sessions.profiles}
    settings = config.fix_settings.read_text()
    for venue in venues:
        assert f"TargetCompID={venue.rules.name}\n" in settings
        assert f"SocketConnectPort={venue.port}\n" in settings
        assert len(read_instruments(venue.prices)) > 5


def test_the_venues_quote_the_book_that_is_named(tmp_path):
    """Else a venue would reject everything that the bundled book does not have."""
    book = tmp_path / "in"
    book.mkdir()
    for name in ("securities.csv", "prices.csv"):
        header, *rows = (bundled("book") / name).read_text().splitlines()
        kept = [row for row in rows if "AMD" in row or "JPM" in row]
        (book / name).write_text("\n".join([header, *kept]) + "\n")

    code = main(["init", "--dir", str(tmp_path / "desk"), "--book", str(book)])

    assert code == 0
    quoted = {
        venue.rules.name: sorted(read_instruments(venue.prices))
        for venue in read_config(tmp_path / "desk" / "venues.toml").venues
    }
    assert quoted == {"XSIM": ["JPM"], "YSIM": ["AMD"]}


def test_a_book_that_ingest_would_refuse_is_refused_before_anything_is_written(tmp_path, capsys):
    book = tmp_path / "in"
    shutil.copytree(bundled("book"), book)
    text = (book / "prices.csv").read_text()
    (book / "prices.csv").write_text(text.replace("2019-12-02,AMD,38.73", "2019-12-02,AMD,-1"))

    code = main(["init", "--dir", str(tmp_path / "desk"), "--book", str(book)])

    assert code == 65
    wrong = "prices.csv:3: close '-1' is not above 0; correct the number"
    assert wrong in capsys.readouterr().err
    assert not (tmp_path / "desk").exists()


def test_a_folder_without_the_book_is_named(tmp_path, capsys):
    code = main(["init", "--dir", str(tmp_path / "desk"), "--book", str(tmp_path)])

    assert code == 69
    assert f"{tmp_path}/securities.csv cannot be read" in capsys.readouterr().err


def test_venues_that_are_there_are_not_quietly_kept_from_the_book_that_is_named(fresh, capsys):
    before = (fresh / "prices_XSIM.csv").read_bytes()

    code = main(["init", "--dir", str(fresh), "--book", str(bundled("book"))])

    assert code == 65
    assert f"{fresh}/venues.toml is there already; remove it" in capsys.readouterr().err
    assert (fresh / "prices_XSIM.csv").read_bytes() == before


def test_secrets_and_state_are_their_owners_alone(fresh):
    for folder in (".", "state", "state/fix", "log"):
        assert stat.S_IMODE((fresh / folder).stat().st_mode) == 0o700
    assert stat.S_IMODE((fresh / "state" / "api.token").stat().st_mode) == 0o600
    assert stat.S_IMODE((fresh / "state" / "trimtab.db").stat().st_mode) == 0o600


def test_a_second_init_keeps_what_is_there(tmp_path):
    initialise(tmp_path / "desk")
    (tmp_path / "desk" / "venues.toml").write_text("# mine\n")
    before = {p: p.read_bytes() for p in (tmp_path / "desk").glob("*.*") if p.is_file()}

    again = initialise(tmp_path / "desk")

    assert again.written == ()
    assert {path: path.read_bytes() for path in before} == before


def test_init_says_what_to_do_next_in_lines_that_can_be_pasted(tmp_path, capsys):
    place = tmp_path / "my desk"

    code = main(["init", "--dir", str(place)])

    out = capsys.readouterr().out
    assert code == 0
    for command in ("ingest", "check", "venues", "serve"):
        assert f"  trimtab --config '{place}/trimtab.toml' {command} " in out


def test_a_folder_without_files_is_no_successful_ingest(installed, tmp_path, capsys):
    (tmp_path / "empty").mkdir()

    code = main(["--config", str(installed.path), "ingest", str(tmp_path / "empty")])

    out, err = capsys.readouterr()
    assert (code, out) == (69, "")
    assert err == f"trimtab: there is no file in {tmp_path}/empty; nothing was read\n"


def test_a_refusal_of_a_whole_file_names_no_line(installed, tmp_path, capsys):
    (tmp_path / "readme.txt").write_text("hi")

    code = main(["--config", str(installed.path), "ingest", str(tmp_path / "readme.txt")])

    assert code == 65
    assert "readme.txt is no file that we know; it may be securities.csv" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["init", "demo"])
def test_a_file_in_the_place_of_the_folder_is_refused_in_a_sentence(tmp_path, capsys, command):
    (tmp_path / "taken").write_text("x")

    code = main([command, "--dir", str(tmp_path / "taken")])

    assert code == 65
    assert f"trimtab: {tmp_path}/taken is a file; name a folder\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["init", "demo"])
def test_a_folder_that_cannot_be_made_is_a_sentence_with_what_to_look_at(capsys, command):
    code = main([command, "--dir", "/proc/nowhere"])

    assert code == 69
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("trimtab: /proc/nowhere: no such file or directory; look whether")


@pytest.mark.parametrize("command", ["init", "demo"])
def test_a_variable_that_was_not_set_is_no_folder(capsys, command):
    """`--dir "$DIR"` must not quietly take another folder."""
    with pytest.raises(SystemExit) as stop:
        main([command, "--dir", ""])

    assert stop.value.code == 64
    assert "--dir: needs the name of a folder" in capsys.readouterr().err


def test_check_names_a_venue_that_is_not_configured(installed, tmp_path, capsys):
    """An order for it would wait for a session that nobody opens."""
    text = (bundled("book") / "securities.csv").read_text()
    (tmp_path / "securities.csv").write_text(text.replace(",YSIM,", ",YSYM,"))
    main(["--config", str(installed.path), "ingest", str(tmp_path / "securities.csv")])

    code = main(["--config", str(installed.path), "check"])

    assert code == 1
    assert "AMD is traded at YSYM, which is no [venues] of trimtab.toml" in capsys.readouterr().out


def test_check_asks_for_one_mend_where_the_database_alone_is_wrong(installed, capsys):
    with closing(sqlite3.connect(installed.path.parent / "state" / "trimtab.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '0014'")
        database.commit()

    code = main(["--config", str(installed.path), "check"])

    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("NO")]
    assert code == 1
    assert len(wrong) > 2
    assert wrong[0].endswith("do not trade before it holds")
    assert all(line.endswith("mend the database first") for line in wrong[1:])


def test_check_says_which_accounts_are_not_fit_to_trade(installed, capsys):
    main(["--config", str(installed.path), "check"])
    assert "no accounts are ingested yet" in capsys.readouterr().out
    main(["--config", str(installed.path), "ingest", str(bundled("book"))])

    code = main(["--config", str(installed.path), "check"])

    out = capsys.readouterr().out
    assert code == 0
    assert "accounts: 60, securities: 21, in quarantine: 60 (" in out
