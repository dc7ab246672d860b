"""venues.toml and the prices file: good ones are read, bad ones are refused by line."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.__main__ import main
from simulator.config import read_config
from simulator.instruments import PricesError, read_instruments
from simulator.tables import ConfigError

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


def test_the_sample_says_what_every_key_does():
    """Each key of the sample is read, and the sample has each key that can be read."""
    config = read_config(SAMPLE)

    (venue,) = config.venues
    assert config.clock_start == datetime(2022, 11, 30, 20, 44, 50, tzinfo=UTC)
    assert venue.rules.fee_per_share == Decimal("0.0030")
    assert venue.rules.close_time == time(16)
    assert venue.replenish_interval == timedelta(milliseconds=250)
    assert read_instruments(venue.prices)["AAPL"].reference == 14760
    text = SAMPLE.read_text()
    for key in ("token_file", "log_file", "maximum_quantity", "change_delay", "remote_addresses"):
        assert key in text


def test_what_is_left_out_has_a_default_and_paths_are_beside_the_file(tmp_path):
    config = read(tmp_path, GOOD)

    assert config.state_dir == tmp_path / "state"
    assert config.log_file == tmp_path / "state" / "venues.log"
    assert [venue.rules.name for venue in config.venues] == ["XSIM", "YSIM"]
    assert [venue.rules.fee_per_share for venue in config.venues] == [0, Decimal("0.0012")]
    assert config.control_token_file is None


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
        ("0.0012", "1\nchange_delay = -1", "venues.toml:16: change_delay is -1"),
        ("0.0012", "1\nacknowledge_changes = 1", "venues.toml:16: acknowledge_changes is 1"),
        ("0.0012", "1\nfee_per_share = 2", "is not TOML"),
        ("20:44:50Z", "20:44:50", "venues.toml:4: start is '2022-11-30T20:44:50'; write an inst"),
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
        (PRICES + "A,1,0,0.01,1,5\n", "must all be above zero"),
        (PRICES + "A,1,5,0.01,0,5\n", "must all be above zero"),
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
    ],
)
def test_bad_usage_ends_with_its_exit_code_and_one_sentence(capsys, arguments, code, says):
    try:
        ended = main(arguments)
    except SystemExit as stopped:
        ended = stopped.code

    assert ended == code
    assert says in capsys.readouterr().err
