"""What a profile says of a venue's dialect, and what is refused before anything starts."""

import tomllib

import pytest

from domain.errors import ConfigError
from domain.orders import OrdType, PegTo, Strategy, TimeInForce
from gateway.dialect import AlgoForm, CustomTag, Kind
from gateway.session_file import write_session_config
from gateway.settings import load_settings


def profile(directory, text: str):
    path = directory / "fix.cfg"
    write_session_config(path, {"ACME": ("127.0.0.1", 5001)}, store=directory / "store")
    table = tomllib.loads(f'[venues.ACME]\nsession = "FIX.4.4:TRIMTAB->ACME"\n{text}')
    return load_settings(path, table["venues"], {}).profiles[0]


def test_a_profile_that_says_nothing_takes_every_kind_and_has_no_algorithms(tmp_path):
    dialect = profile(tmp_path, "").dialect

    assert dialect.kinds == frozenset(OrdType)
    assert dialect.times == frozenset(TimeInForce)
    assert dialect.algos == {}
    assert (dialect.handling, dialect.is_fifty) == ("1", False)


def test_a_profile_says_what_the_venue_takes(tmp_path):
    text = """
    kinds = ["limit", "stop_limit", "pegged"]
    times = ["day", "gtc", "cls"]
    pegs = ["midpoint"]
    handling = 3
    """

    dialect = profile(tmp_path, text).dialect

    assert dialect.kinds == {OrdType.LIMIT, OrdType.STOP_LIMIT, OrdType.PEGGED}
    assert dialect.times == {TimeInForce.DAY, TimeInForce.GTC, TimeInForce.CLS}
    assert dialect.pegs == {PegTo.MIDPOINT}
    assert dialect.handling == "3"


def test_an_empty_table_of_strategies_offers_all_three_as_the_bundled_broker_has_them(tmp_path):
    algos = profile(tmp_path, "[venues.ACME.strategies]").dialect.algos

    assert {strategy: form.value for strategy, form in algos.items()} == {
        Strategy.TWAP: "1000",
        Strategy.VWAP: "1",
        Strategy.POV: "2",
    }
    assert algos[Strategy.TWAP] == AlgoForm(value="1000")


def test_strategies_that_are_named_are_the_ones_that_there_are(tmp_path):
    text = """
    [venues.ACME.strategies]
    tag = 7600
    participation = 7603
    participation_as = "percent"
    start = ""
    VWAP = "vwap_v2"
    [venues.ACME.strategies.POV]
    value = "inline"
    participation = 7700
    fixed = { 7604 = "PASSIVE" }
    """

    algos = profile(tmp_path, text).dialect.algos

    assert algos == {
        Strategy.VWAP: AlgoForm(
            value="vwap_v2", tag=7600, start="", participation="7603", in_percent=True
        ),
        Strategy.POV: AlgoForm(
            value="inline",
            tag=7600,
            start="",
            participation="7700",
            in_percent=True,
            fixed=(("7604", "PASSIVE"),),
        ),
    }


def test_parameters_in_a_group_have_names(tmp_path):
    text = '[venues.ACME.strategies]\nparameters = "group"\nend = "Finish"\nTWAP = "TWAP"'

    assert profile(tmp_path, text).dialect.algos == {
        Strategy.TWAP: AlgoForm(
            value="TWAP",
            grouped=True,
            start="StartTime",
            end="Finish",
            participation="ParticipationRate",
        )
    }


def test_custom_tags_are_of_every_message_or_of_one_kind(tmp_path):
    text = """
    [venues.ACME.tags]
    57 = "DESK"
    [venues.ACME.tags.new]
    9001 = "{strategy}"
    [venues.ACME.tags.cancel]
    9002 = "C {order}"
    """

    assert profile(tmp_path, text).dialect.tags == (
        CustomTag(tag=57, text="DESK"),
        CustomTag(tag=9001, text="{strategy}", kinds=frozenset({Kind.NEW})),
        CustomTag(tag=9002, text="C {order}", kinds=frozenset({Kind.CANCEL})),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maximum_quantity = 0", "maximum_quantity = 0 would take no order at all; leave it out"),
        ("maximum_notional = 1.5", "maximum_notional = 1.5 must be of type int"),
        ("list_status = true", "list_status says nothing without lists = true"),
        (
            'lists = true\nlist_execution = "later"',
            "list_execution = 'later'; known are at_once, when_told",
        ),
        ("lists = true\nlist_algorithms = true", "needs the broker's algorithms; add strategies"),
        ("daily_allocations = true", 'says nothing without allocations = "after"'),
        ("handling = 4", "[venues.ACME]: handling = 4 is no HandlInst; write 1"),
        ("kinds = []", "kinds = [] would take no order at all; leave it out"),
        ('kinds = ["limt"]', "kinds has 'limt'; did you mean limit?"),
        ("kinds = [1]", "kinds has 1; known are market, limit"),
        ('kinds = "limit"', "kinds = 'limit' must be of type list"),
        ('times = ["good"]', "times has 'good'; known are day, gtc"),
        ('pegs = ["mid"]', "pegs has 'mid'; known are midpoint"),
        ("strategies = 1", "strategies = 1 must be of type dict"),
        ('strategies.vwap = "1"', "[venues.ACME.strategies]: unknown key vwap; did you mean VWAP?"),
        ("strategies.tag = 0", "tag = 0 is no tag; write 1 to 999999"),
        ("strategies.tag = 55", "tag = 55 has a meaning of its own"),
        ('strategies.tag = "847"', "tag = '847' must be of type int"),
        ("strategies.VWAP = 1", 'VWAP = 1 must be a text such as "1", or a table'),
        ('strategies.VWAP = ""', "strategies.VWAP]: value = '' must be a text"),
        ('strategies.parameters = "grup"', "parameters = 'grup'; did you mean group?"),
        ('strategies.start = "Start"', "start = 'Start' must be a tag; names are for parameters"),
        (
            'strategies.parameters = "group"\nstrategies.end = 126',
            'end = 126 must be a name such as "EndTime"',
        ),
        ("strategies.end = 55", "end = 55 has a meaning of its own; name the broker's tag"),
        ("strategies.start = 126", "126 is used for two things; each needs its own"),
        ('strategies.TWAP.fixed.847 = "x"', "tag 847 is written from the order itself"),
        ('strategies.TWAP.fixed.7604 = "x"\nstrategies.tag = 7604', "7604 is used for two things"),
        ("strategies.POV.rate = 1", "strategies.POV]: unknown key rate"),
        ('strategies.POV.fixed.x = "1"', "x is neither a tag nor a kind of message"),
        ("strategies.POV.fixed.7604 = 1", "fixed.7604 = 1 must be a text"),
        ('tags.55 = "X"', "[venues.ACME.tags]: tag 55 is written from the order itself"),
        ('tags.34 = "1"', "tag 34 belongs to the session; take it out"),
        ('tags.554 = "1"', "tag 554 belongs to the session"),
        ("tags.9001 = 1", "9001 = 1 must be a text of 1 to 120"),
        ('tags.9001 = "a\\u0001b"', "must be a text of 1 to 120 printable"),
        ('tags.9001 = "{acount}"', "9001 names {acount}; did you mean account?"),
        ('tags.nwe.9001 = "1"', "nwe is neither a tag nor a kind of message; did you mean new?"),
        ('tags.new = "1"', "new = '1' must be a table of tags"),
        (
            'tags.9001 = "1"\ntags.new.9001 = "2"',
            "[venues.ACME.tags.new]: 9001 is in [venues.ACME.tags] for every message already",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_table_and_a_remedy(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        profile(tmp_path, text)

    assert message in str(caught.value)
    assert str(caught.value).startswith("trimtab.toml: [venues.ACME")
