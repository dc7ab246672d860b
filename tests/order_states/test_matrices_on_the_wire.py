"""Every scenario over FIX: our gateway, OMS, vault and ledger against the venues' own process.

The venue plays the script of the same id. After every report the order is what the matrix
says; at the end the ledger is, to the last share and cent, what the raw messages add up to.
"""

from dataclasses import replace
from fractions import Fraction

import pytest

from domain.instruments import CASH
from domain.orders import Side
from gateway.wiretext import value_of
from ledger.positions import is_balanced, realised
from tests.order_states.naive_books import decimal, lots_after_sale, told
from tests.order_states.test_matrices import EXPECTED, SCENARIOS, check
from tests.order_states.wire_desk import HELD_OF_EACH_LOT, open_desk, two_lots
from tests.order_states.wire_plays import SPLITS, Play, play_all
from tests.simulator.standard_client import paths
from vault.rebuild import check_projections

pytestmark = pytest.mark.integration

IDS = [scenario["id"] for scenario in SCENARIOS]
UNKNOWN_THERE = {"B.1.f": "YSIM", "G.1.a": "ZSIM"}  # What is asked about never reached the venue.
BY_TELEPHONE = {"E.1.a"}
ON_THE_WIRE = {
    "B.1.f": {"unknown_at_venue"},
    "E.1.a": {"unknown_order"},
}
CASES = {"FIX.4.4": Side.BUY, "FIXT.1.1": Side.SELL}


@pytest.fixture(scope="module", params=CASES)
def played(request, tmp_path_factory):
    """All scenarios, played once at a time: bought over FIX 4.4, sold over FIX 5.0 SP2."""
    side = CASES[request.param]
    accounts = {name: (f"{n:02}-A", f"{n:02}-B") for n, name in enumerate(IDS)}
    lots = [
        lot
        for name, pair in accounts.items()
        for account in pair
        for lot in two_lots(account, f"ID-{name}")
    ]
    everybody = [account for pair in accounts.values() for account in pair]
    directory = tmp_path_factory.mktemp("desk")
    with open_desk(directory, request.param, everybody, lots) as desk:
        plays = [
            Play(
                scenario,
                paths(scenario)[0][1],
                accounts[scenario["id"]],
                side,
                UNKNOWN_THERE.get(scenario["id"], "XSIM"),
                desk,
            )
            for scenario in SCENARIOS
        ]
        stuck = play_all(plays)
        yield {one.id: one for one in plays}, stuck


@pytest.fixture(params=IDS)
def one(request, played):
    plays, stuck = played
    assert request.param not in stuck, f"{request.param} stopped {stuck[request.param]}"
    return plays[request.param]


def test_the_order_is_what_the_matrix_says_after_every_message(one):
    said = [step["sent"] for step in one.steps if "sent" in step]

    for message, booked in zip(said, one.booked, strict=one.id not in UNKNOWN_THERE):
        place = f"{one.id} {message}: {booked.message}"
        assert booked.message.cl_ord_id == one.names.get(message.get("ClOrdID"), ""), place
        if one.id not in {*UNKNOWN_THERE, *BY_TELEPHONE}:
            check(one.id, message, booked.order, place)


def test_a_person_is_told_of_what_is_unusual_and_of_nothing_else(one):
    raised = {alarm.kind for booked in one.booked for alarm in booked.alarms}

    assert raised == (EXPECTED | ON_THE_WIRE).get(one.id, set())


def test_the_venue_certifies_the_play(one):
    verdict = f"{one.id} certified: every message was as the standard says"

    texts = [value_of(raw, 58) or "" for raw in one.desk.raw(one.venue)]

    assert [text.rpartition("; ")[2] for text in texts].count(verdict) == 1, texts


def test_the_ledger_is_right_to_the_last_share_and_cent(one):
    """What is allocated is in the clients' books, the rest in the block's: together all of it."""
    sign = 1 if one.side is Side.BUY else -1
    standing = told(one.desk.raw(one.venue), one.symbol).values()
    shares = decimal(sum(order.shares for order in standing))
    dollars = decimal(sum(order.dollars for order in standing))
    with one.desk.vault.read() as view:
        held = view.ledger.balances()
        transactions = [t for name in one.intents for t in view.ledger.of_order(one.names[name])]
    asset = one.symbol if one.id in BY_TELEPHONE else f"ID-{one.id}"
    books = {*one.books, *(f"client:{name}" for name in one.accounts)}
    opened = 0 if one.id in BY_TELEPHONE else 4 * HELD_OF_EACH_LOT * SPLITS.get(one.id, 1)

    assert sum(held.get((book, asset), 0) for book in books) == opened + sign * shares
    assert sum(held.get((book, CASH), 0) for book in books) == 2_000_000 - sign * dollars
    assert is_balanced(transactions)


def test_the_lots_are_those_of_the_clients_and_no_gain_is_lost_or_made(one):
    with one.desk.vault.read() as view:
        held = view.ledger.balances()
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


def test_nothing_was_kept_aside_and_the_projections_are_what_the_facts_say(played):
    plays, _ = played
    desk = plays["A.1.a"].desk

    with desk.vault.read() as view:
        assert view.inbox.quarantined() == ()
    assert check_projections(desk.vault) == ()
