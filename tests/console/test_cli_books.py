"""`trimtab adopt`, `split` and `adjust`: what two persons say, as it reaches the books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from console.book_wishes import BookWishes
from console.service_port import AccountPart, AdjustmentWish, SplitWish
from domain.errors import BadInputError, UnknownNameError
from domain.orders import ExecType, OrdStatus
from ledger import positions, postings
from tests.oms_orders.desk import AAPL, NOW, SetClock, custody, lot, report, snapshot
from tests.oms_orders.test_adoption import KEY, WHY, Broker
from vault import SqlVault

PARTS = (
    AccountPart(account_id="H001-1", quantity=Decimal(600)),
    AccountPart(account_id="H=2", quantity=Decimal("0.5")),
)
FEE = AdjustmentWish(account_id="H001-1", cash=Decimal("-12.34"))
COME = AdjustmentWish(
    account_id="H001-1",
    symbol="AAPL",
    shares=Decimal(10),
    cost=Decimal("1234.50"),
    acquired=date(2020, 5, 6),
)
FRACTION = AdjustmentWish(
    account_id="H001-1",
    cash=Decimal("61.70"),
    symbol="AAPL",
    shares=Decimal("-0.5"),
    lot_id="HARBOR:H001-1:1",
    day=date(2022, 11, 30),
)
FOUR_FOR_ONE = SplitWish(symbol="AAPL", new=4, old=1, day=date(2020, 8, 31))


@pytest.mark.parametrize("is_serving", [False, True])
def test_two_persons_wishes_reach_the_service_as_they_were_said(
    run, desk, installed, is_serving, request
):
    if is_serving:
        request.getfixturevalue("serving")
    accounts = ("--account", "H001-1=600", "--account", "H=2=0.5")
    by, why = ("--by", "anna"), ("--why", "Bob called")
    assert run("adopt", "XSIM/47", *accounts, "--run", "ab12", *by, *why).code == 0
    assert run("adopt", "XSIM/47", "--agree", "--by", "ben").code == 0
    assert run("split", "AAPL", "4:1", "--on", "2020-08-31", *by, *why).code == 0
    assert run("split", "AAPL", "--on", "2020-08-31", "--agree", "--by", "ben").code == 0
    assert run("adjust", "H001-1", "--cash", "-12.34", *by, *why).code == 0
    come = ("--shares", "10", "--cost", "1234.50", "--acquired", "2020-05-06")
    assert run("adjust", "H001-1", "AAPL", *come, *by, *why).code == 0
    gone = ("--shares", "-0.5", "--lot", "HARBOR:H001-1:1", "--cash", "61.70")
    assert run("adjust", "H001-1", "AAPL", *gone, "--on", "2022-11-30", *by, *why).code == 0
    assert run("adjust", "H001-1", "--agree", "3", "--by", "ben").code == 0

    assert [told for told in desk.told if "agree" in told[0] or "propose" in told[0]] == [
        ("propose_adoption", "XSIM/47", PARTS, "ab12", "anna", "Bob called"),
        ("agree_adoption", "XSIM/47", "ben"),
        ("propose_split", FOUR_FOR_ONE, "anna", "Bob called"),
        ("agree_split", "AAPL", date(2020, 8, 31), "ben"),
        ("propose_adjustment", FEE, "anna", "Bob called"),
        ("propose_adjustment", COME, "anna", "Bob called"),
        ("propose_adjustment", FRACTION, "anna", "Bob called"),
        ("agree_adjustment", "H001-1", 3, "ben"),
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["adopt", "X/1", "--account", "A1", "--by", "a"], "must be NAME=SHARES"),
        (["adopt", "X/1", "--account", "A1=-5", "--by", "a"], "must be NAME=SHARES"),
        (["adopt", "X/1", "--account", "A1=1e3", "--by", "a"], "must be NAME=SHARES"),
        (["adopt", "X/1", "--account", "A1=5", "--by", "a"], "--account needs --why"),
        (["split", "AAPL", "2-1", "--on", "2020-08-31", "--by", "a"], "must be NEW:OLD"),
        (["split", "AAPL", "2:1", "--on", "31.8.2020", "--by", "a"], "must be a day"),
        (["split", "AAPL", "--on", "2020-08-31", "--by", "a"], "either NEW:OLD"),
        (["split", "AAPL", "2:1", "--on", "2020-08-31", "--by", "a"], "--why"),
        (["adjust", "A1", "--cash", "1", "--by", "a"], "--why"),
        (["adjust", "A1", "--cash", "0.0000001", "--by", "a"], "must be a plain number"),
        (["adjust", "A1", "--agree", "0", "--by", "a"], "must be 1 to 10000"),
        (["adjust", "A1", "--agree", "1", "--cash", "1", "--by", "a"], "--agree takes what was"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(run, desk, arguments, text):
    answer = run(*arguments)

    assert answer.code in {64, 65}
    assert text in answer.err
    assert desk.told == []


@pytest.fixture
def vault(new_sqlite_url, tmp_path):
    made = SqlVault(
        new_sqlite_url(), clock=SetClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    yield made
    made.close()


def test_an_order_by_telephone_is_adopted_by_two_persons(vault):
    broker = Broker(vault)
    broker.says(report(broker.other, ExecType.NEW, OrdStatus.NEW))
    broker.fills("E1", 100, "148")
    wishes = BookWishes(vault, SetClock(NOW))
    parts = (
        AccountPart(account_id="A1", quantity=Decimal(60)),
        AccountPart(account_id="A2", quantity=Decimal(40)),
    )

    said = wishes.propose_adoption(KEY, parts, "last", "anna", WHY)
    agreed = wishes.agree_adoption(KEY, "ben")

    assert said.lines[0].startswith(f"anna says that {KEY}, buy 100 AAPL, is ours: 60 for A1")
    assert agreed.lines == (
        f"{KEY} is order {broker.name} now, 100 of 100 done; see trimtab order {broker.name}",
    )
    with pytest.raises(BadInputError, match="A1 is named twice"):
        wishes.propose_adoption(KEY, parts + parts, "last", "anna", WHY)


@pytest.mark.parametrize(("new", "old"), [(1, 1), (0, 1), (2, 10_001)])
def test_a_split_of_nothing_is_refused(vault, new, old):
    with pytest.raises(BadInputError, match="is no split"):
        BookWishes(vault, SetClock(NOW)).propose_split(
            replace(FOUR_FOR_ONE, new=new, old=old), "anna", "why"
        )


def test_the_books_of_an_account_are_put_right_by_two_persons(vault):
    with vault.write() as uow:
        opened = snapshot((lot("A1", AAPL, 100, "9000"),), {"A1": "500"})
        uow.ledger.append(postings.opening(custody(opened)[0], NOW))
    wishes = BookWishes(vault, SetClock(NOW))
    fee = AdjustmentWish(account_id="A1", cash=Decimal("-12.34"))

    said = wishes.propose_adjustment(fee, "anna", "the bank's letter")
    agreed = wishes.agree_adjustment("A1", 1, "ben")

    assert said.lines == (
        "anna says: on 2022-11-30 $12.34 of cash leaves A1: the bank's letter",
        "a second person agrees with: trimtab adjust A1 --agree 1 --by WHO",
    )
    assert agreed.lines == ("booked: on 2022-11-30 $12.34 of cash leaves A1",)
    with vault.read() as view:
        assert positions.balances(view.ledger.all()) == dict(view.ledger.balances())
    with pytest.raises(UnknownNameError, match="has no NOPE; correct it, or ingest"):
        wishes.propose_adjustment(replace(fee, symbol="NOPE"), "anna", "a slip")
