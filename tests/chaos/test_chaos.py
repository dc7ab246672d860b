"""A short trial of real kills on each database; `python -m tests.chaos` does hundreds."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.chaos.run import run
from tests.chaos.transmissions import received
from tests.chaos.verdict import Verdict, compare, count_sent
from tests.chaos.witnesses import Execution, Key

TRADE = Execution(
    key=Key("XSIM", "20221130", "X-1"),
    kind="F",
    cl_ord_id="K00001-0001",
    symbol="AAPL",
    side="1",
    quantity=Decimal(100),
    price=Decimal("147.60"),
    fee=Decimal("0.30"),
    changes="",
)
OTHER = replace(TRADE, key=Key("XSIM", "20221130", "X-2"))


@pytest.mark.integration
@pytest.mark.parametrize(("database", "kills"), [("sqlite", 5), ("postgres", 4)])
def test_killed_under_load_nothing_is_lost_doubled_or_unexplained(tmp_path, database, kills):
    said = []

    outcome = run(kills, database, seed=4, directory=tmp_path, tell=said.append)

    assert outcome.verdict.sentences == (), said
    assert outcome.verdict.executions > 0
    assert outcome.hits > 0


def told(ours, theirs, copied) -> Verdict:
    found = Verdict()
    compare(ours, theirs, copied, found)
    return found


def test_three_witnesses_that_agree_leave_nothing_to_say():
    assert told([TRADE, OTHER], [OTHER, TRADE], [TRADE, OTHER]).sentences == ()


def test_an_execution_that_was_not_booked_is_lost():
    found = told([TRADE], [TRADE, OTHER], [TRADE, OTHER])

    assert (len(found.lost), found.duplicated, found.unexplained) == (1, [], [])


def test_an_execution_that_was_booked_twice_is_told():
    assert len(told([TRADE, TRADE], [TRADE], [TRADE]).duplicated) == 1


@pytest.mark.parametrize(
    "witnesses",
    [
        ([TRADE, OTHER], [TRADE], [TRADE]),
        ([TRADE], [TRADE], []),
        ([TRADE], [TRADE], [TRADE, OTHER]),
        ([TRADE], [TRADE], [replace(TRADE, price=Decimal("147.61"))]),
        ([replace(TRADE, fee=Decimal("0.31"))], [TRADE], [TRADE]),
    ],
)
def test_witnesses_that_contradict_each_other_are_unexplained(witnesses):
    assert len(told(*witnesses).unexplained) == 1


def test_an_order_that_came_in_twice_is_told_whatever_the_venue_made_of_it(tmp_path):
    log = tmp_path / "venues.jsonl"
    line = '{"event":"fix.in","raw":"8=FIX.4.4|35=D|11=K1|38=100|"}\n'
    log.write_text(
        2 * line + '{"event":"fix.in","raw":"8=FIX.4.4|35=F|11=K1.1|41=K1|"}\n{"event":"fix.in","ra'
    )

    found = Verdict()
    count_sent(received(log), found)

    assert received(log) == Counter({("D", "K1"): 2, ("F", "K1.1"): 1})
    assert found.duplicated == ["D K1 was sent 2 times"]
    assert found.cancels == 1


def test_every_order_of_a_list_counts_as_one_that_came_in(tmp_path):
    log = tmp_path / "venues.jsonl"
    log.write_text(
        '{"event":"fix.in","raw":"8=FIX.4.4|35=D|11=K1|38=100|"}\n'
        '{"event":"fix.in","raw":"8=FIX.4.4|35=E|66=K1-L|73=2|11=K1|67=1|11=K2|67=2|"}\n'
    )

    assert received(log) == Counter({("D", "K1"): 2, ("D", "K2"): 1})
