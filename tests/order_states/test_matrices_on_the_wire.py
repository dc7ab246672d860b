"""Every scenario over FIX: our gateway, OMS, vault and ledger against the venues' own process.

The venue plays the script of the same id. After every report the order is what the matrix
says; at the end the ledger is, to the last share and cent, what the raw messages add up to.
"""

from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

import pytest

from domain.instruments import CASH
from domain.orders import Side
from gateway.wiretext import value_of
from ledger.positions import is_balanced, realised
from simulator.scenarios.library import read_library
from tests.order_states.naive_books import decimal, lots_after_sale, told
from tests.order_states.test_matrices import EXPECTED, SCENARIOS, check, raised_on
from tests.order_states.wire_desk import HELD_OF_EACH_LOT, open_desk, two_lots
from tests.order_states.wire_plays import SPLITS, Play, play_all
from tests.simulator.standard_client import paths
from vault.rebuild import check_projections

pytestmark = pytest.mark.integration

UNKNOWN_THERE = {"B.1.f": "YSIM", "G.1.a": "ZSIM"}  # What is asked about never reached the venue.
BY_TELEPHONE = {"E.1.a"}
ON_THE_WIRE = {
    "B.1.f": {"unknown_at_venue"},
    "E.1.a": {"unknown_order"},
}


def every_path() -> dict[str, tuple[dict, list[dict]]]:
    """By the script's id: the 57 scenarios, and their 58 variants."""
    scripts = read_library().scripts
    return {
        script.id: (scenario, steps)
        for scenario in SCENARIOS
        for script, (_, steps) in zip(
            [one for one in scripts if scenario["id"] in {one.id, one.variant_of}],
            paths(scenario),
            strict=True,
        )
    }


def where(name: str) -> str:
    return UNKNOWN_THERE.get(name, "XSIM")


PATHS = every_path()
SOLD = [one["id"] for one in SCENARIOS if one["id"] not in UNKNOWN_THERE]
CASES = [
    *(pytest.param(("bought", name), id=f"4.4-{name}") for name in PATHS),
    *(pytest.param(("sold", name), id=f"5.0-{name}") for name in SOLD),
]


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    """Every path, bought over FIX 4.4."""
    directory = tmp_path_factory.mktemp("bought")
    with played(directory, "FIX.4.4", Side.BUY, list(PATHS)) as plays:
        yield plays


@pytest.fixture(scope="module")
def sold(tmp_path_factory):
    """The scenarios at one venue, sold over FIX 5.0 SP2."""
    with played(tmp_path_factory.mktemp("sold"), "FIXT.1.1", Side.SELL, SOLD) as plays:
        yield plays


@contextmanager
def played(directory, begin_string, side, names):
    """All at once; the plays by name."""
    accounts = {name: (f"{n:03}-A", f"{n:03}-B") for n, name in enumerate(names)}
    lots = [
        lot
        for name, pair in accounts.items()
        for account in pair
        for lot in two_lots(account, f"ID-{name}")
    ]
    everybody = [account for pair in accounts.values() for account in pair]
    venues = sorted({where(name) for name in names})
    with open_desk(directory, begin_string, venues, everybody, lots) as desk:
        plays = [
            Play(name, *PATHS[name], accounts[name], side, where(name), desk) for name in names
        ]
        stuck = play_all(plays)
        assert stuck == {}
        desk.rest()
        yield {one.id: one for one in plays}


@pytest.fixture
def one(request):
    how, name = request.param
    return request.getfixturevalue(how)[name]


every_play = pytest.mark.parametrize("one", CASES, indirect=True)


@every_play
def test_the_order_is_what_the_matrix_says_after_every_message(one):
    said = [step["sent"] for step in one.steps if "sent" in step]

    for message, booked in zip(said, one.booked, strict=one.id not in UNKNOWN_THERE):
        place = f"{one.id} {message}: {booked.message}"
        assert booked.message.cl_ord_id == one.names.get(message.get("ClOrdID"), ""), place
        if one.id not in {*UNKNOWN_THERE, *BY_TELEPHONE}:
            check(one.scenario["id"], message, booked.order, place)


@every_play
def test_a_person_is_told_of_what_is_unusual_and_of_nothing_else(one):
    raised = {alarm.kind for booked in one.booked for alarm in booked.alarms}

    if one.id == one.scenario["id"]:
        assert raised == (EXPECTED | ON_THE_WIRE).get(one.id, set())
    else:
        assert raised == raised_on(one.scenario, one.steps)


@every_play
def test_the_venue_certifies_the_play(one):
    verdict = f"{one.id} certified: every message was as the standard says"

    texts = [value_of(raw, 58) or "" for raw in one.desk.said(one.venue)]

    assert [text.rpartition("; ")[2] for text in texts].count(verdict) == 1, texts


@every_play
def test_the_ledger_is_right_to_the_last_share_and_cent(one):
    """What is allocated is in the clients' books, the rest in the block's: together all of it."""
    sign = 1 if one.side is Side.BUY else -1
    standing = told(one.desk.said(one.venue), one.symbol).values()
    shares = decimal(sum(order.shares for order in standing))
    dollars = decimal(sum(order.dollars for order in standing))
    held = one.desk.held
    with one.desk.vault.read() as view:
        transactions = [t for name in one.intents for t in view.ledger.of_order(one.names[name])]
    asset = one.symbol if one.id in BY_TELEPHONE else f"ID-{one.id}"
    books = {*one.books, *(f"client:{name}" for name in one.accounts)}
    opened = 0 if one.id in BY_TELEPHONE else 4 * HELD_OF_EACH_LOT * SPLITS.get(one.id, 1)

    assert sum(held.get((book, asset), 0) for book in books) == opened + sign * shares
    assert sum(held.get((book, CASH), 0) for book in books) == 2_000_000 - sign * dollars
    assert is_balanced(transactions)


@every_play
def test_the_lots_are_those_of_the_clients_and_no_gain_is_lost_or_made(one):
    held = one.desk.held
    with one.desk.vault.read() as view:
        lots = [lot for name in one.accounts for lot in view.ledger.lots(name)]
        transactions = [t for name in one.intents for t in view.ledger.of_order(one.names[name])]
    money = sum(held[f"client:{name}", CASH] for name in one.accounts)
    before = [lot for name in one.accounts for lot in held_before(one, name)]
    basis = sum(lot.basis for lot in before)

    for name in one.accounts:
        in_lots = sum(lot.quantity for lot in lots if lot.account_id == name)
        assert in_lots == held[f"client:{name}", f"ID-{one.id}"]
    gained = sum(relief.gain for relief in realised(transactions))
    assert money + sum(lot.basis for lot in lots) - gained == 2_000_000 + basis
    if one.side is Side.SELL:
        assert {lot.lot_id: (lot.quantity, lot.basis) for lot in lots} == lots_left(one, held)


def lots_left(one, held):
    """By a naive rule: the dear lot goes first, as the accounts' method says."""
    left = {}
    for name in one.accounts:
        before = held_before(one, name)
        sold = sum(lot.quantity for lot in before) - held[f"client:{name}", f"ID-{one.id}"]
        left |= lots_after_sale(before, Fraction(sold))
    return left


def held_before(one, account):
    """What the account held before the scenario, in the shares of its last day."""
    made = SPLITS.get(one.id, 1)
    lots = two_lots(account, f"ID-{one.id}")
    return [replace(lot, quantity=lot.quantity * made) for lot in lots]


@pytest.mark.parametrize("how", ["bought", "sold"])
def test_nothing_was_kept_aside_and_the_projections_are_what_the_facts_say(request, how):
    desk = request.getfixturevalue(how)["A.1.a"].desk

    with desk.vault.read() as view:
        assert view.inbox.quarantined() == ()
    assert check_projections(desk.vault) == ()
