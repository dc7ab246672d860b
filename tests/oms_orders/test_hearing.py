"""What brokers do differently by the version of FIX they grew up with, and what is made of it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.errors import ConfigError
from domain.hearing import Hearing, LateNames
from domain.orders import ExecType, OrdStatus, Side, TimeInForce
from gateway.hearing_settings import read_hearing
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from oms.booking import Booking
from oms.cancel import cancel
from tests.oms_orders.desk import KO, NOW, intent
from tests.oms_orders.test_booking import BOOK, Desk

MORNING = date(2022, 12, 1)
WHERE = "trimtab.toml: [venues.XSIM]"


def desk_that_hears(vault, **choices) -> Desk:
    target = intent("R-0002", Side.BUY, KO, {"A1": 60, "A2": 40})
    made = Desk(vault, replace(target, time_in_force=TimeInForce.GTC), BOOK)
    made.sink = Booking(hearings={"XSIM": Hearing(**choices)})
    return made


def restate(desk, code, **changes):
    status = OrdStatus.PARTIALLY_FILLED if desk.order.fills else OrdStatus.NEW
    usual = {"exec_id": f"R{code}", "trade_date": MORNING, "restatement": code}
    return desk.tell(ExecType.RESTATED, status, **(usual | changes))


def canceled(desk, under):
    """The order after 40 shares and an accepted cancel; then a bust under one of its names."""
    desk.fill("E1", 40, "63")
    with desk.vault.write() as uow:
        cancel(uow, uow.orders.get(desk.name), at=NOW, why="a test")
    ours = desk.order.chain
    desk.tell(
        ExecType.CANCELED,
        OrdStatus.CANCELED,
        exec_id="E2",
        cl_ord_id=ours[1],
        orig_cl_ord_id=ours[0],
    )
    return desk.tell(
        ExecType.TRADE_CANCEL,
        OrdStatus.CANCELED,
        exec_id="E3",
        exec_ref_id="E1",
        cl_ord_id=ours[under],
        cum_qty=Decimal(0),
        leaves_qty=Decimal(0),
    )


@pytest.mark.parametrize(
    ("choice", "under", "alarms"),
    [
        (LateNames.EITHER, 0, ["execution_busted"]),
        (LateNames.EITHER, 1, ["execution_busted"]),
        (LateNames.OLD, 0, ["execution_busted"]),
        (LateNames.OLD, 1, ["execution_busted", "named_otherwise"]),
        (LateNames.NEW, 0, ["execution_busted", "named_otherwise"]),
        (LateNames.NEW, 1, ["execution_busted"]),
    ],
)
def test_a_bust_after_a_cancel_is_booked_under_either_name(vault, choice, under, alarms):
    """J.1.b: FIX 4.4 says the order's own ClOrdID, FIX 4.2 (D35) the cancel's."""
    desk = desk_that_hears(vault, late_names=choice)

    assert canceled(desk, under) == alarms
    assert desk.order.cum_qty == 0
    assert desk.block() == {}
    desk.books_are_right()


@pytest.mark.parametrize(("compares", "alarms"), [(True, ["leaves_qty_disagrees"]), (False, [])])
def test_whether_leaves_qty_is_compared_is_the_profiles_choice(vault, compares, alarms):
    """D20: brokers differ in LeavesQty after a change by voice."""
    desk = desk_that_hears(vault, compares_leaves=compares)

    found = restate(desk, 2, order_qty=Decimal(120), leaves_qty=Decimal(100))

    assert found == ["restated", *alarms]
    assert (desk.order.order_qty, desk.order.leaves_qty) == (120, 120)


def test_a_brokers_own_codes_are_what_its_profile_says(vault):
    desk = desk_that_hears(vault, renewals=frozenset({99}), corporate_actions=frozenset({7}))

    assert restate(desk, 99) == []
    assert restate(desk, 1) == ["restated"], "a renewal elsewhere, and nothing known here"
    assert restate(desk, 7, order_qty=Decimal(200), leaves_qty=Decimal(200)) == ["order_split"]
    assert restate(desk, 0, order_qty=Decimal(400), leaves_qty=Decimal(400)) == ["restated"]
    assert [one.new for one in desk.order.splits] == [2]


def test_a_report_that_comes_again_as_possibly_resent_is_booked_once(vault):
    """PossResend: the same ExecID under another sequence number."""
    desk = desk_that_hears(vault)
    desk.fill("E1", 40, "63")
    before = desk.traces()

    assert desk.fill("E1", 40, "63", cum_qty=Decimal(40), leaves_qty=Decimal(60)) == []

    assert desk.order.cum_qty == 40
    assert desk.traces() == before


def test_the_profile_says_all_of_it(tmp_path):
    path = tmp_path / "fix.cfg"
    sessions = write_session_config(path, {"XSIM": ("127.0.0.1", 1)}, store=tmp_path)
    table = {
        "session": sessions["XSIM"],
        "renewals": [1, 99],
        "corporate_actions": [7],
        "leaves_qty": "ignored",
        "late_reports": "new",
    }

    settings = load_settings(path, {"XSIM": table}, {})

    assert settings.hearings["XSIM"] == Hearing(
        renewals=frozenset({1, 99}),
        corporate_actions=frozenset({7}),
        compares_leaves=False,
        late_names=LateNames.NEW,
    )


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"renewals": ["1"]}, "renewals has '1', which is no ExecRestatementReason"),
        ({"corporate_actions": [-1]}, "corporate_actions has -1"),
        ({"renewals": [0]}, "0 is in renewals and in corporate_actions"),
        ({"leaves_qty": "maybe"}, "'maybe' is not one of compared, ignored"),
        ({"late_reports": "both"}, "'both' is not one of either, old, new"),
    ],
)
def test_what_a_profile_cannot_mean_is_refused_by_name(table, text):
    with pytest.raises(ConfigError, match=text):
        read_hearing(table, WHERE)
