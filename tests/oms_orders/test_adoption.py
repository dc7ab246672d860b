"""Adoption: an order that we did not send becomes ours, with all that it did before."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.orders import ExecType, OrdStatus, Side
from oms import adoption
from oms.adoption import NotAdoptedError
from oms.booking import Booking
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    NOW,
    RUN,
    fill,
    intent,
    lot,
    open_books,
    report,
    snapshot,
)
from tests.oms_orders.test_booking import Desk

KEY = "XSIM/V-PHONED"
BOOK = snapshot((lot("A1", AAPL, 100, "9000", 1),), {"A1": "50000", "A2": "50000"})
PARTS = {"A1": Decimal(60), "A2": Decimal(40)}
WHY = "Bob's call of 10:15, on tape"


class Broker(Desk):
    """An order by telephone: its reports name no ClOrdID."""

    def __init__(self, vault) -> None:
        self.vault, self.name, self.sink = vault, f"ADOPTED-{KEY.split('/')[1]}", Booking()
        open_books(vault, BOOK)
        self.other = Shadow()

    def says(self, message):
        return self.take(replace(message, cl_ord_id="", order_id="V-PHONED"))

    def fills(self, name, quantity, price, **changes):
        self.other.cum_qty += quantity
        message = fill(self.other, name, quantity, price, "0.10")
        cum = self.other.cum_qty
        status = OrdStatus.FILLED if cum == 100 else OrdStatus.PARTIALLY_FILLED
        leaves = 100 - cum
        return self.says(
            replace(message, cum_qty=cum, leaves_qty=leaves, ord_status=status, **changes)
        )


class Shadow:
    """The order as the broker has it, for the helpers that write its reports."""

    intent = intent("PHONED", Side.BUY, AAPL, {"A1": 100})
    current, order_qty, limit_price = "", Decimal(100), None

    def __init__(self) -> None:
        self.cum_qty = Decimal(0)


def run_of(uow):
    return uow.runs.get(RUN)


def say(vault, parts=PARTS, by="anna", key=KEY):
    with vault.write() as uow:
        return adoption.propose(uow, key, parts, run_of(uow), why=WHY, by=by, at=NOW)


def agree(vault, by="ben", key=KEY):
    with vault.write() as uow:
        return adoption.second(uow, key, by=by, at=NOW)


@pytest.fixture
def broker(vault):
    made = Broker(vault)
    assert made.says(report(made.other, ExecType.NEW, OrdStatus.NEW)) == ["unknown_order"]
    assert made.fills("E1", 30, "148") == ["unknown_order"]
    return made


def test_until_two_persons_agree_its_fills_belong_to_nobody(broker):
    with broker.vault.read() as view:
        held = view.ledger.balances()
    assert held[f"block:UNKNOWN:{KEY}", "AAPL"] == 30

    say(broker.vault)

    with broker.vault.read() as view:
        assert view.ledger.balances() == held
        assert view.orders.get(KEY) is None


def test_an_adopted_order_goes_on_as_if_we_had_sent_it(broker):
    cash, held = broker.cash(), broker.shares(AAPL)
    say(broker.vault)
    order, alarms = agree(broker.vault)
    assert alarms == ()
    assert (order.cum_qty, order.gross, order.status) == (30, 4440, OrdStatus.PARTIALLY_FILLED)

    assert broker.fills("E2", 70, "149") == []

    after = broker.shares(AAPL)
    assert {name: after[name] - held.get(name, 0) for name in after} == {"A1": 60, "A2": 40}
    paid = sum(cash.values()) - sum(broker.cash().values())
    assert paid == 30 * 148 + 70 * 149 + Decimal("0.20")
    with broker.vault.read() as view:
        left = {key: q for key, q in view.ledger.balances().items() if "UNKNOWN" in key[0]}
        assert left == {}
        assert view.orders.get(KEY).intent.cl_ord_id == broker.name
    broker.books_are_right()


def test_a_finished_order_goes_to_its_accounts_at_once(broker):
    broker.fills("E2", 70, "149")
    say(broker.vault)

    order, _ = agree(broker.vault)

    assert order.status is OrdStatus.FILLED
    assert broker.shares(AAPL)["A2"] == 40
    broker.books_are_right()


def test_a_bust_after_the_adoption_takes_back_what_was_adopted(broker):
    held = broker.shares(AAPL)
    broker.fills("E2", 70, "149")
    say(broker.vault)
    agree(broker.vault)

    bust = report(broker.other, ExecType.TRADE_CANCEL, OrdStatus.PARTIALLY_FILLED)
    alarms = broker.says(
        replace(bust, exec_id="E3", exec_ref_id="E1", cum_qty=Decimal(70), leaves_qty=Decimal(30))
    )

    assert alarms == ["execution_busted"]
    assert broker.shares(AAPL) == held
    assert broker.block()[AAPL] == 70
    broker.books_are_right()


def test_what_was_busted_before_the_adoption_is_not_adopted(broker):
    bust = report(broker.other, ExecType.TRADE_CANCEL, OrdStatus.NEW)
    broker.says(replace(bust, exec_id="E2", exec_ref_id="E1", cum_qty=Decimal(0)))
    say(broker.vault)

    order, _ = agree(broker.vault)

    assert order.cum_qty == 0
    assert broker.block() == {}
    broker.books_are_right()


def test_the_second_person_is_another_one_and_agrees_to_what_is_still_so(broker):
    say(broker.vault)
    with pytest.raises(NotAdoptedError, match="ask a second person"):
        agree(broker.vault, by="ANNA")
    broker.fills("E2", 70, "149")

    with pytest.raises(NotAdoptedError, match="said more of"):
        agree(broker.vault)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"A1": Decimal(60)}, "divide all of it"),
        ({"A1": Decimal(110), "A2": Decimal(-10)}, "divide all of it"),
        ({"A1": Decimal(60), "A9": Decimal(40)}, "has no account A9"),
    ],
)
def test_an_order_is_divided_among_accounts_that_there_are(broker, parts, text):
    with pytest.raises(NotAdoptedError, match=text):
        say(broker.vault, parts)


def test_nothing_that_is_ours_or_that_nobody_told_of_is_adopted(broker):
    with pytest.raises(NotAdoptedError, match="no venue has told"):
        say(broker.vault, key="XSIM/NOTHING")
    with pytest.raises(NotAdoptedError, match="nobody has said"):
        agree(broker.vault)
    say(broker.vault)
    agree(broker.vault)

    with pytest.raises(NotAdoptedError, match="is an order of ours"):
        say(broker.vault)
    assert broker.order.intent.trade_date == DAY
