"""Halts: what a kill switch takes back, and what it leaves alone."""

from dataclasses import replace

import pytest

from domain.orders import CancelRequest, OrdStatus, Side
from domain.runs import Kill
from oms.halt import halt, take_back
from tests.oms_orders.desk import AAPL, KO, NOW, RUN, XOM, intent
from tests.oms_orders.desk import snapshot as book_of
from tests.oms_orders.test_release import open_books

MODELS = {"A1": "growth", "A2": "income", "A3": "growth"}


def modelled(order):
    """With each account's part under its model, as blocks are made."""
    parts = tuple(replace(part, strategy=MODELS[part.account_id]) for part in order.allocations)
    return replace(order, allocations=parts)


ORDERS = (
    modelled(intent("R-0001", Side.SELL, XOM, {"A1": 10})),  # YSIM.
    modelled(intent("R-0002", Side.BUY, AAPL, {"A1": 30, "A2": 20})),
    modelled(intent("R-0003", Side.BUY, KO, {"A2": 40})),
)


def kill(scope: str, name: str = "") -> Kill:
    return Kill(scope=scope, name=name, by="Rosa", why="drill", set_at=NOW)


@pytest.fixture
def at_work(vault):
    """Three orders, none of which has left yet."""
    open_books(vault, book_of())
    with vault.write() as uow:
        for order in ORDERS:
            assert order.run_id == RUN
            uow.orders.add(order)
            uow.outbox.queue(order.venue, order, NOW)
    return vault


@pytest.mark.parametrize(
    ("scope", "name", "taken"),
    [
        ("firm", "", ["R-0001", "R-0002", "R-0003"]),
        ("venue", "XSIM", ["R-0002", "R-0003"]),
        ("account", "A1", ["R-0001", "R-0002"]),
        ("account", "A3", []),
        ("strategy", "income", ["R-0002", "R-0003"]),
        ("strategy", "growth", ["R-0001", "R-0002"]),
        ("strategy", "value", []),
    ],
)
def test_a_halt_takes_back_every_order_with_a_part_in_its_scope(at_work, scope, name, taken):
    assert sorted(halt(at_work, kill(scope, name))) == taken

    with at_work.read() as view:
        dead = [o.cl_ord_id for o in ORDERS if view.orders.get(o.cl_ord_id).is_closed]
        assert dead == taken
        assert view.kills.active() == (kill(scope, name),)


def test_a_block_with_a_halted_part_says_whom_its_end_costs_a_part(at_work):
    halt(at_work, kill("strategy", "income"))

    with at_work.read() as view:
        assert view.orders.get("R-0002").reason == (
            "halt of strategy income by Rosa: drill; 1 other accounts lose their part of the "
            "block with it"
        )
        assert view.orders.get("R-0003").reason == "halt of strategy income by Rosa: drill"


def test_the_switch_is_committed_before_the_first_cancel_is_written(at_work):
    """So nothing new leaves while a thousand cancels are being written."""
    seen = []

    def look():
        with at_work.read() as view:
            seen.append((len(view.kills.active()), len(view.orders.open())))

    halt(at_work, kill("firm"), wake=look)

    assert seen == [(1, 3), (1, 0)]


def test_what_a_crash_left_out_is_taken_back_at_the_next_start(at_work):
    with at_work.write() as uow:
        uow.kills.set(kill("venue", "XSIM"))
        kills = uow.kills.active()

    assert sorted(take_back(at_work, kills, at=NOW)) == ["R-0002", "R-0003"]
    assert take_back(at_work, kills, at=NOW) == ()


def test_an_order_that_is_out_is_asked_for_once(at_work):
    with at_work.write() as uow:
        (first,) = uow.outbox.waiting("YSIM", 10)
        uow.outbox.mark_handed([first.number], NOW)

    assert halt(at_work, kill("account", "A1")) == ("R-0001", "R-0002")
    assert halt(at_work, kill("firm")) == ("R-0003",)

    with at_work.read() as view:
        assert view.orders.get("R-0001").status is OrdStatus.INTENDED
        assert [type(m.body) for m in view.outbox.waiting("YSIM", 10)] == [CancelRequest]
