"""The configuration: what it accepts, and what it says about what it does not."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config import load_config, parse_config
from domain.errors import ConfigError

SAMPLE = Path(__file__).parents[2] / "console" / "trimtab.sample.toml"
TEXT = SAMPLE.read_text(encoding="utf-8")
PLACE = Path("/etc/trimtab/trimtab.toml")
PLACE_NAMED = re.compile(rf"{PLACE}(:\d+: | is not valid TOML: )|accepted$")


def outcome(text: str) -> str:
    try:
        parse_config(text, PLACE, {})
    except ConfigError as error:
        return str(error)
    return "accepted"


def complaint(old: str, new: str, environment: dict[str, str] | None = None) -> str:
    """What is said when `old` in the sample is replaced by `new`."""
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        parse_config(TEXT.replace(old, new, 1), PLACE, environment or {})
    return str(caught.value)


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if line.startswith(text))


def test_the_sample_is_a_valid_configuration():
    config = load_config(SAMPLE, {})

    assert config.database.url == f"sqlite:///{SAMPLE.parent}/state/trimtab.db"
    assert config.files.token == SAMPLE.parent / "state/api.token"
    assert config.release.cash_cushion == Decimal("0.001")
    assert set(config.venues) == {"XSIM", "YSIM"}
    assert [t.table["name"] for t in config.triggers] == ["month-end", "drift"]


def test_every_key_of_the_sample_is_documented():
    """Each key stands in a block that a comment opens, or was documented further up."""
    documented, known = False, set()
    for line in TEXT.splitlines():
        key = line.partition("=")[0].strip()
        if line.startswith("#"):
            documented = True
        elif not line.strip() or line.startswith("["):
            documented = documented and line.startswith("[")
        else:
            assert documented or key in known, line
            known.add(key)


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_valid_one():
    said = complaint("tick_seconds = 1", "tick_seconds = 1\ntick_second = 2")

    line = line_of("tick_seconds") + 1
    assert said == (
        f"{PLACE}:{line}: service.tick_second: is not a key that Trimtab knows; "
        "did you mean tick_seconds?"
    )


def test_an_unknown_section_is_named():
    said = complaint("[approval]", "[aproval]\nx = 1\n[approval]")

    assert said.endswith("aproval: is not a key that Trimtab knows; did you mean approval?")
    assert f":{line_of('[approval]')}:" in said


def test_a_misspelt_key_is_suggested_where_the_right_one_is_missing():
    said = complaint("max_orders =", "max_order =")

    line = line_of("max_orders")
    assert said == (
        f"{PLACE}:{line}: approval.max_order: max_orders is missing; "
        "is max_order a misspelling of it?"
    )


@pytest.mark.parametrize("value", ["0", "-1", "true", '"25"', "25.0"])
def test_a_limit_that_is_no_whole_number_above_zero_is_refused(value):
    said = complaint("max_orders = 25", f"max_orders = {value}")

    assert f"{PLACE}:{line_of('max_orders')}: approval.max_orders: " in said
    assert "must be a whole number above zero" in said


def test_a_limit_in_quotes_is_shown_without_them():
    said = complaint("max_orders = 25", 'max_orders = "25"')

    assert said.endswith("; write max_orders = 25")


def test_a_missing_limit_is_refused():
    said = complaint("max_notional = 2_000_000", "")

    assert "approval: " not in said
    assert "approval.max_notional: max_notional is missing; add it" in said


@pytest.mark.parametrize("value", ["nan", "inf", '"NaN"', '"1e"', "0", '"-0.5"'])
def test_an_amount_that_is_no_number_above_zero_is_refused(value):
    assert "release.limit_collar_bps: must be" in complaint(
        "limit_collar_bps = 50", f"limit_collar_bps = {value}"
    )


def test_a_float_is_refused_with_the_exact_way_to_write_it():
    said = complaint("limit_collar_bps = 50", "limit_collar_bps = 0.1")

    assert said.endswith('must be exact; put it in double quotes: limit_collar_bps = "0.1"')


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_an_api_that_others_could_reach_is_refused(host):
    said = complaint('socket = "state/api.sock"', f'host = "{host}"\nport = 8017')

    assert f"api.host: {host!r} is not a loopback address" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_loopback_api_is_accepted(host):
    text = TEXT.replace('socket = "state/api.sock"', f'host = "{host}"\nport = 8017')

    assert parse_config(text, PLACE, {}).api.port == 8017


def test_a_socket_beside_a_port_is_refused():
    said = complaint('socket = "state/api.sock"', 'socket = "state/api.sock"\nport = 1')

    assert said.endswith("api.socket: stands beside host or port; keep one of the two")


def test_a_password_in_the_file_is_refused_without_repeating_it():
    url = 'url = "postgresql://anna:hunter2@db/trimtab"'

    said = complaint('url = "sqlite:///state/trimtab.db"', url)

    assert "holds a password; take it out and set TRIMTAB_DATABASE_PASSWORD" in said
    assert "hunter2" not in said


def test_the_database_password_comes_from_the_environment_and_is_never_shown():
    text = TEXT.replace("sqlite:///state/trimtab.db", "postgresql://anna@db:5433/trimtab?x=1")

    config = parse_config(text, PLACE, {"TRIMTAB_DATABASE_PASSWORD": "p@ss/word"})

    assert config.database.url == "postgresql://anna:p%40ss%2Fword@db:5433/trimtab?x=1"
    assert "word" not in repr(config).replace("password", "")


def test_a_misspelt_variable_is_refused_with_the_right_name():
    with pytest.raises(ConfigError) as caught:
        parse_config(TEXT, PLACE, {"TRIMTAB_FIX_PASWORD_XSIM": "secret"})

    said = str(caught.value)
    assert "TRIMTAB_FIX_PASWORD_XSIM is not one that Trimtab knows" in said
    assert "did you mean TRIMTAB_FIX_PASSWORD_XSIM?" in said
    assert "secret" not in said


def test_a_password_for_a_venue_that_is_not_configured_is_refused():
    with pytest.raises(ConfigError, match="TRIMTAB_FIX_PASSWORD_ZSIM is not one"):
        parse_config(TEXT, PLACE, {"TRIMTAB_FIX_PASSWORD_ZSIM": "x"})


def test_variables_of_other_programs_are_none_of_our_business():
    assert parse_config(TEXT, PLACE, {"PATH": "/bin", "TRIM": "x"}).path == PLACE


def test_a_clock_without_offset_is_refused():
    said = complaint("# start = 2022-11-30T20:44:00Z", "start = 2022-11-30T20:44:00")

    assert "clock.start: must be an instant with its offset" in said


def test_a_clock_with_an_offset_is_kept_in_utc():
    text = TEXT.replace("# start = 2022-11-30T20:44:00Z", "start = 2022-11-30T15:44:00-05:00")

    assert parse_config(text, PLACE, {}).clock.start == datetime(2022, 11, 30, 20, 44, tzinfo=UTC)


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(
        ConfigError, match=r"there is no .*nowhere\.toml; `trimtab init` writes one"
    ):
        load_config(tmp_path / "nowhere.toml", {})


def test_a_doubled_key_is_refused_with_its_line():
    assert "is not valid TOML" in complaint("workers = 2", "workers = 2\nworkers = 3")


def test_no_venue_at_all_is_refused():
    start, end = TEXT.index("[venues.XSIM]"), TEXT.index("[rules]")

    with pytest.raises(ConfigError, match="venues: names no venue"):
        parse_config(TEXT[:start] + "[venues]\n" + TEXT[end:], PLACE, {})


@given(st.text(max_size=200))
def test_no_text_at_all_gives_anything_but_a_configuration_or_a_sentence(text):
    assert PLACE_NAMED.match(outcome(text))


@given(st.data())
def test_a_sample_with_one_line_lost_is_refused_by_name_or_still_valid(data):
    lines = TEXT.splitlines()
    lost = data.draw(st.integers(0, len(lines) - 1))

    assert PLACE_NAMED.match(outcome("\n".join(lines[:lost] + lines[lost + 1 :])))


def test_whether_rules_are_compiled_is_yes_or_no_and_no_where_nothing_is_said():
    said = TEXT.replace("compile_rules = false", "compile_rules = true", 1)

    assert parse_config(said, PLACE, {}).optimizer.compile_rules
    assert not parse_config(TEXT, PLACE, {}).optimizer.compile_rules
    left_out = TEXT.replace("[optimizer]", "", 1).replace("compile_rules = false", "", 1)
    assert not parse_config(left_out, PLACE, {}).optimizer.compile_rules
    assert "must be true or false, not 'yes'" in complaint(
        "compile_rules = false", 'compile_rules = "yes"'
    )
