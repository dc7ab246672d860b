"""venues.toml and the prices file: good ones are read, bad ones are refused by line."""

import re
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.exchange.prices import PricesError, read_instruments
from simulator.exchange.rules import DayEnd, Rules, SelfMatch
from simulator.fix.profile import Version
from simulator.running.config import read_config
from simulator.running.main import main
from simulator.running.session_config import SessionKind
from simulator.running.tables import ConfigError, Table
from simulator.running.venue_config import VenueKind

SAMPLE = Path(__file__).parents[2] / "simulator" / "sample.toml"
GOOD = """\
state_dir = "state"

[clock]
start = "2022-11-30T20:44:50Z"

[[venue]]
name = "XSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"

[[venue]]
name = "YSIM"
clients = ["TRIMTAB"]
prices = "prices.csv"
fee_per_share = 0.0012
"""
PRICES = "symbol,security_id,price,tick,lot_size,average_daily_volume\n"


def read(tmp_path, text):
    path = tmp_path / "venues.toml"
    path.write_text(text)
    return read_config(path)


def test_the_sample_can_be_run():
    config = read_config(SAMPLE)

    (venue,) = config.venues
    assert config.clock.start == datetime(2022, 11, 30, 20, 44, 50, tzinfo=UTC)
    assert venue.rules.fee_per_share == Decimal("0.0030")
    assert venue.rules.close_time == time(16)
    assert venue.market.quoting.replenish_interval == timedelta(milliseconds=250)
    assert [one.kind for one in venue.sessions] == [SessionKind.ORDERS, SessionKind.DROP_COPY]
    assert "AAPL" in read_instruments(venue.prices)


def test_the_sample_explains_every_key_that_is_read_and_no_other(monkeypatch, tmp_path):
    asked = set()
    take = Table._take

    def spy(self, key, default):
        asked.add(key)
        return take(self, key, default)

    monkeypatch.setattr(Table, "_take", spy)
    text = SAMPLE.read_text()
    pool, broker = (_lines_between(text, f"# Of a {kind}") for kind in ("dark pool", "broker"))
    read(tmp_path, _lit(text.replace(pool, "").replace(broker, "")))
    other = GOOD.replace('"YSIM"\n', '"OTHER"\nkind = "KIND"\n')
    read(tmp_path, other.replace("KIND", "dark") + _lit(pool))
    priceless = other.replace('prices = "prices.csv"\nfee', "fee")
    read(tmp_path, priceless.replace("KIND", "broker") + _lit(broker))

    explained = set(re.findall(r"(?m)^(?:# )?([a-z_]+) = ", text))
    asked -= {"clock", "control", "venue", "session", "limits", "impact", "flow"}
    assert asked == explained
    named_otherwise = {"name", "seed", "firms", "cancel_on_disconnect"}
    assert {one.name for one in fields(Rules)} - named_otherwise <= explained


def _lit(text):
    """Keys that are off, on."""
    return re.sub(r"(?m)^# (?=[a-z_]+ = )", "", text).replace("YSIM", "XSIM")


def _lines_between(text, beginning):
    return text[text.index(beginning) :].split("\n\n")[0]


def test_every_default_of_the_sample_is_the_default(tmp_path):
    """What a note calls the default is what one gets without the key."""
    lines = [
        (found[1], found[2])
        for line in SAMPLE.read_text().splitlines()
        if (found := re.match(r'([a-z_]+) = (\S.*?) +#.*Default "?([^"\s]+?)"?\.$', line))
        and found[2].strip('"') == found[3]
    ]
    assert len(lines) > 30
    session_keys = {"kind"}
    own = "\n".join(f"{key} = {value}" for key, value in lines if key not in session_keys)
    own = re.sub(
        r"(?m)^(bytes_before|seconds_before|connections|unsent|basis|half_l|perm|orders_per|taking|median|size_s|dist|patience).*\n?",
        "",
        own,
    )

    stated = read(tmp_path, GOOD + own.replace("fee_per_share", "# "))

    assert stated == read(tmp_path, GOOD)


def test_what_is_left_out_has_a_default_and_paths_are_beside_the_file(tmp_path):
    config = read(tmp_path, GOOD)

    assert config.state_dir == tmp_path / "state"
    assert config.log_file == tmp_path / "state" / "venues.log"
    assert [venue.name for venue in config.venues] == ["XSIM", "YSIM"]
    assert [venue.rules.fee_per_share for venue in config.venues] == [0, Decimal("0.0012")]
    assert config.control_token_file is None
    assert config.address == "127.0.0.1"


def test_a_session_has_what_its_venue_has_unless_it_says_otherwise(tmp_path):
    text = (
        GOOD + 'heartbeat_seconds = 20\nself_match = "firm"\nday_end = "done_for_day"\n'
        'trading_days = ["mon", "fri"]\nholidays = ["2022-12-26"]\n'
        '[[venue.session]]\nclient = "NEW"\nbegin_string = "FIXT.1.1"\nfirm = "DESK"\n'
        "cancel_on_disconnect = true\n"
        '[[venue.session]]\nclient = "SLOW"\nheartbeat_seconds = 60\npassword_file = "secret"\n'
        "[venue.limits]\nconnections = 3\nseconds_before_logon = 0.5\n"
    )

    venue = read(tmp_path, text).venues[1]

    old, new, slow = venue.sessions
    assert [one.client for one in venue.sessions] == ["TRIMTAB", "NEW", "SLOW"]
    assert [one.heartbeat_seconds for one in venue.sessions] == [20, 20, 60]
    assert (old.version, new.version) == (Version.FIX44, Version.FIX50SP2)
    assert slow.password_file == tmp_path / "secret"
    assert (venue.limits.connections, venue.limits.seconds_before_logon) == (3, 0.5)
    rules = venue.rules
    assert rules.firms == (("NEW", "DESK"),)
    assert rules.cancel_on_disconnect == {"NEW"}
    assert (rules.self_match, rules.day_end) == (SelfMatch.FIRM, DayEnd.DONE_FOR_DAY)
    assert (rules.trading_days, rules.holidays) == ((0, 4), {date(2022, 12, 26)})


def test_a_dark_pool_and_a_broker_name_the_exchanges_that_they_look_to(tmp_path):
    text = GOOD.replace('"YSIM"\n', '"YSIM"\nkind = "dark"\npriced_by = "XSIM"\n')

    pool = read(tmp_path, text).venues[1]

    assert (pool.kind, pool.others) == (VenueKind.DARK, ("XSIM",))
    with pytest.raises(ConfigError, match=r"YSIM looks to 'ZSIM', which is no exchange"):
        read(tmp_path, text.replace('priced_by = "XSIM"', 'priced_by = "ZSIM"'))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("fee_per_share", "fee_pershare", "venues.toml:15: unknown key 'fee_pershare'"),
        ("state_dir", "state_dri", "venues.toml:1: unknown key 'state_dri'"),
        ("start =", "begin =", "venues.toml:4: unknown key 'begin' in [clock]; known are start"),
        ("0.0012", "-0.1", "venues.toml:15: fee_per_share is -0.1; write a number from 0 to 1"),
        ("0.0012", "nan", "venues.toml:15: fee_per_share is NaN"),
        ("0.0012", '"free"', "venues.toml:15: fee_per_share is 'free'"),
        ("0.0012", "0.0012\nlevels = 2.5", "venues.toml:16: levels is 2.5; write a whole number"),
        ("0.0012", "1\nport = 70000", "venues.toml:16: port is 70000"),
        ("0.0012", "1\nport = true", "venues.toml:16: port is True"),
        ("0.0012", '1\ntime_zone = "Mars"', "venues.toml:16: time_zone is 'Mars'"),
        ("0.0012", '1\nclose_time = "25:00"', "venues.toml:16: close_time is '25:00'"),
        ("0.0012", '1\nclose_time = "4pm"', "venues.toml:16: close_time is '4pm'"),
        ("0.0012", "1\nchange_delay = -1", "venues.toml:16: change_delay is -1"),
        ("0.0012", "1\nacknowledge_changes = 1", "venues.toml:16: acknowledge_changes is 1"),
        ("0.0012", '1\nkind = "drak"', "venues.toml:16: kind is 'drak'; write 'dark', if that"),
        ("0.0012", '1\nkind = "dark"', "venues.toml:11: [[venue]] 2 has no 'priced_by'; add it"),
        ("0.0012", '1\ntrading_days = ["mo"]', "venues.toml:16: trading_days is 'mo'"),
        ("0.0012", '1\nholidays = ["26.12."]', "venues.toml:16: holidays is '26.12.'"),
        ("0.0012", '1\nbegin_string = "FIX.4.2"', "venues.toml:16: begin_string is 'FIX.4.2'"),
        ("0.0012", "1\nfee_per_share = 2", "is not TOML"),
        ("0.0012", '1\n[[venue.session]]\nclient = "A B"', "venues.toml:17: client is 'A B'"),
        ("0.0012", '1\n[[venue.session]]\nclient = "A"\nof = ["B"]', "venues.toml:18: of is ['B']"),
        ("0.0012", '1\n[[venue.session]]\nclient = "TRIMTAB"', "each client once"),
        ("0.0012", '1\n[[venue.session]]\nclint = "A"', "venues.toml:16: [[venue.session]] 1 has"),
        ("0.0012", "1\n[venue.limits]\nconnections = 0", "venues.toml:17: connections is 0"),
        ("0.0012", "1\n[venue.limits]\nconections = 9",
         "venues.toml:17: unknown key 'conections' in [venue.limits]; did you mean 'connections'?"),
        ("20:44:50Z", "20:44:50", "venues.toml:4: start is '2022-11-30T20:44:50'; write an inst"),
        ('50Z"', '50Z"\nspeed = 0', "venues.toml:5: speed is 0; write a number from 0.001"),
        ('50Z"', '50Z"\nspeed = 2\nstepped = true', "venues.toml:5: speed is 2; write nothing"),
        ('"state"', '"state"\naddress = "here"', "venues.toml:2: address is 'here'"),
        ('name = "YSIM"', 'name = "Y SIM"', "venues.toml:12: name is 'Y SIM'"),
        ('name = "YSIM"\n', "", "venues.toml:11: [[venue]] 2 has no 'name'; add it"),
        ("YSIM", "XSIM", "two venues have the name XSIM"),
        ('["TRIMTAB"]', "[]", "clients must name one client or more"),
        ('["TRIMTAB"]', '"TRIMTAB"', "venues.toml:8: clients is 'TRIMTAB'; write a list"),
        ("[clock]", "[clok]", "unknown key 'clok'"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_refused_by_line(tmp_path, old, new, says):
    assert old in GOOD

    with pytest.raises(ConfigError) as refused:
        read(tmp_path, GOOD.replace(old, new))

    assert says in str(refused.value)


def test_a_session_of_a_later_venue_is_refused_at_its_own_line(tmp_path):
    first = '[[venue.session]]\nclient = "A"\n'
    text = GOOD.replace('\n[[venue]]\nname = "YSIM"', f'\n{first}[[venue]]\nname = "YSIM"')

    with pytest.raises(ConfigError, match=r"venues\.toml:20: unknown key 'hartbeat_seconds'"):
        read(tmp_path, text + '[[venue.session]]\nclient = "B"\nhartbeat_seconds = 3\n')


def test_an_unknown_key_gets_the_nearest_name(tmp_path):
    with pytest.raises(ConfigError, match=r"in \[\[venue\]\] 2; did you mean 'fee_per_share'\?"):
        read(tmp_path, GOOD.replace("fee_per_share", "fee_pershare"))


def test_there_must_be_a_venue(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no \[\[venue\]\] table"):
        read(tmp_path, "seed = 3\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("symbol,price\n", "prices.csv:1: the header is 'symbol,price'"),
        ("\ufeff" + PRICES, "prices.csv:1: the header is"),
        (PRICES, "no line after the header"),
        (PRICES + "A,1,2,0.01,1\n", "prices.csv:2: 5 fields; there must be 6"),
        (PRICES + "A,1,nan,0.01,1,5\n", "prices.csv:2: price is 'nan'"),
        (PRICES + "A,1,1e400,0.01,1,5\n", "prices.csv:2: price is '1e400'"),
        (PRICES + "A,1,-5,0.01,1,5\n", "prices.csv:2: price is '-5'"),
        (PRICES + "A,1,0,0.01,1,5\n", "above zero"),
        (PRICES + "A,1,5,0.01,0,5\n", "above zero"),
        (PRICES + "A,1,5,0.01,1.5,5\n", "prices.csv:2: lot_size is '1.5'"),
        (PRICES + "=A(),1,5,0.01,1,5\n", "prices.csv:2: symbol is '=A()'"),
        (PRICES + "A,1,5,0.01,1,5\nA,1,5,0.01,1,5\n", "prices.csv:3: symbol 'A' is there twice"),
    ],
)
def test_a_bad_prices_file_is_refused_by_line(tmp_path, text, says):
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(PricesError) as refused:
        read_instruments(path)

    assert says in str(refused.value)


def test_a_prices_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_bytes(PRICES.encode("utf-16"))

    with pytest.raises(PricesError, match="cannot be read as UTF-8"):
        read_instruments(path)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 64, "one of the arguments"),
        (["--config", "missing.toml"], 78, "there is no such file"),
        (["--nonsense"], 64, "usage"),
        (["--sample", "--scenario", "Q.9"], 78, "there is no scenario Q.9"),
    ],
)
def test_bad_usage_ends_with_its_exit_code_and_one_sentence(capsys, arguments, code, says):
    try:
        ended = main(arguments)
    except SystemExit as stopped:
        ended = stopped.code

    assert ended == code
    assert says in capsys.readouterr().err
