"""`trimtab adopt` and `trimtab split`: what two persons say, as it reaches the books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from console.book_wishes import BookWishes
from console.service_port import AccountPart, SplitWish
from domain.errors import BadInputError
from domain.orders import ExecType, OrdStatus
from tests.oms_orders.desk import NOW, SetClock, report
from tests.oms_orders.test_adoption import KEY, WHY, Broker
from vault import SqlVault

PARTS = (
    AccountPart(account_id="H001-1", quantity=Decimal(600)),
    AccountPart(account_id="H=2", quantity=Decimal("0.5")),
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

    assert [told for told in desk.told if "agree" in told[0] or "propose" in told[0]] == [
        ("propose_adoption", "XSIM/47", PARTS, "ab12", "anna", "Bob called"),
        ("agree_adoption", "XSIM/47", "ben"),
        ("propose_split", FOUR_FOR_ONE, "anna", "Bob called"),
        ("agree_split", "AAPL", date(2020, 8, 31), "ben"),
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
