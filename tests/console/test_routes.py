"""`[routing]` and `[[route]]`: what they mean, and what is said about what they cannot mean."""

from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from console.config import parse_config
from domain.errors import ConfigError
from domain.orders import OrdType, PegTo, Side, Strategy, TimeInForce
from domain.runs import Urgency
from oms.route_terms import AlgoTerms, Choice
from oms.routing import RoutingSettings, Rule, Schedule, When

SAMPLE = (Path(__file__).parents[2] / "console" / "trimtab.sample.toml").read_text("utf-8")
PLACE = Path("/etc/trimtab/trimtab.toml")
BEFORE = SAMPLE[: SAMPLE.index("[routing]")] + SAMPLE[SAMPLE.index("[risk]") :]
WHOLE = """
[routing]
timezone = "Europe/Zurich"
close = "17:30"
participation = "0.2"

[[route]]
name = "large"
securities = ["AAPL", "US1912161007"]
kinds = "common_stock"
sides = "sell"
urgency = ["high", "normal"]
adv_from = "0.01"
adv_below = "0.05"
slices = 3
start = "10:00"
end = "15:00"
participation = "0.1"
choices = [
    { venue = "XSIM", type = "market", algo = "pov", participation = "0.05", end = "15:30" },
    { type = "pegged", peg = "primary", peg_offset = "-0.01", patience_seconds = 60 },
    { type = "stop_limit", stop_bps = 200, collar_bps = 10, time_in_force = "gtd", days = 5 },
]

[[route]]
name = "all"
choices = [{ time_in_force = "ioc" }, {}]
"""


def routing(text: str) -> RoutingSettings:
    return parse_config(BEFORE + text, PLACE, {}).routing


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        routing(text)
    first, _, said = str(caught.value).partition(f"{PLACE}:")[2].partition(": ")
    assert (BEFORE + text).splitlines()[int(first) - 1].strip()
    return f"{int(first) - len(BEFORE.splitlines())}: {said}"


def one(line: str) -> str:
    """What is said about a rule with this line in it, with the line's number in these."""
    return complaint(f'[[route]]\nname = "it"\n{line}\n')


def test_a_rule_has_what_was_written():
    usual = Decimal("0.005")

    assert routing(WHOLE).rules == (
        Rule(
            name="large",
            when=When(
                securities=frozenset({"AAPL", "US1912161007"}),
                kinds=frozenset({"common_stock"}),
                sides=frozenset({Side.SELL}),
                urgency=frozenset({Urgency.HIGH, Urgency.NORMAL}),
                adv_from=Decimal("0.01"),
                adv_below=Decimal("0.05"),
            ),
            choices=(
                Choice(
                    venue="XSIM",
                    collar=usual,
                    ord_type=OrdType.MARKET,
                    algo=AlgoTerms(
                        strategy=Strategy.POV,
                        end=time(15, 30),
                        participation=Decimal("0.05"),
                    ),
                ),
                Choice(
                    collar=usual,
                    ord_type=OrdType.PEGGED,
                    peg=PegTo.PRIMARY,
                    peg_offset=Decimal("-0.01"),
                    patience=timedelta(seconds=60),
                ),
                Choice(
                    collar=Decimal("0.001"),
                    ord_type=OrdType.STOP_LIMIT,
                    stop=Decimal("0.02"),
                    time_in_force=TimeInForce.GTD,
                    days=5,
                ),
            ),
            schedule=Schedule(slices=3, start=time(10), end=time(15)),
            participation=Decimal("0.1"),
        ),
        Rule(
            name="all",
            choices=(
                Choice(collar=usual, time_in_force=TimeInForce.IOC),
                Choice(collar=usual),
            ),
        ),
    )


def test_the_day_is_that_of_the_zone():
    found = routing(WHOLE)

    assert (found.day.zone, found.day.close) == ("Europe/Zurich", time(17, 30))
    assert found.participation == Decimal("0.2")
    assert routing("").day.zone == "America/New_York"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('choices = [{ venue = "MOON" }]', "3: route[0].choices[0].venue: 'MOON' is no [venues]"),
        ("choices = [{}, { tipe = 1 }]", "3: route[0].choices[1].tipe: is not a key"),
        ('choices = [{ type = "stop" }]', "3: route[0].choices[0].stop_bps: goes with type stop"),
        ('choices = [{ end = "15:00" }]', "3: route[0].choices[0].end: goes with algo"),
        ("choices = [{ collar_bps = 1.5 }]", "3: route[0].choices[0].collar_bps: must be exact"),
        ("choices = [{ collar_bps = 10000 }]", "collar_bps: is the whole price"),
        ('choices = [{ peg_offset = "x" }]', "peg_offset: 'x' is no number"),
        ("choices = []", "3: route[0].choices: has no choice"),
        ('choices = [{}]\nsides = "long"', "4: route[0].sides: 'long' is not known; use buy, sell"),
        ("choices = [{}]\nsides = [1]", "4: route[0].sides: must be texts, not [1]"),
        (
            'choices = [{}]\nadv_from = "2"\nadv_below = "1"',
            "5: route[0].adv_below: leaves nothing",
        ),
        ('choices = [{}]\nparticipation = "2"', "4: route[0].participation: 2 is more than all"),
        ("choices = [{}]\nslices = 3", "route[0].start: is missing"),
        ('choices = [{}]\nslices = 3\nstart = "11:00"', "route[0].end: slices are spread"),
        ('choices = [{}]\nstart = "noon"', "4: route[0].start: must be a local time of day"),
        ("choices = [{}]\nadv_form = 1", "4: route[0].adv_form: is not a key that Trimtab knows"),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(line, said):
    assert said in one(line)


def test_names_are_given_once_and_ours_are_not_for_rules():
    again = '[[route]]\nname = "a"\nchoices = [{}]\n'

    assert complaint(again + again).startswith("2: route[0].name: 'a' is taken")
    assert "'default' is taken" in complaint(again.replace('"a"', '"default"'))


def test_a_zone_that_does_not_exist_is_refused():
    assert "'New York' is no time zone" in complaint('[routing]\ntimezone = "New York"\n')
