"""docs/taxes.md is true: its files, beside those of docs/book.md, come to what the page says."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from console.changing import VaultChanging
from domain.accounts import LotMethod
from domain.compliance import Verdict
from domain.orders import Side
from domain.postings import Leg, Transaction, TransactionKind
from domain.recommendations import Recommendation
from domain.sold import told_id
from ledger import lots
from ledger.positions import disallowed
from oms import wash_sales
from oms.compliance.check import check_accounts
from oms.compliance.load import load_rules
from oms.route_terms import TradingDay
from optimizer.washsales import past_locks, past_of_households
from tests.oms_orders.desk import LIMITS, SetClock
from vault import SqlVault
from vault.intake import Intake
from vault.snapshots import take

DOCS = Path(__file__).parents[2] / "docs"
RUN = UUID(int=0x77)
NVDA = "US67066G1040"
BEFORE = datetime(2026, 10, 30, 19, 44, tzinfo=UTC)
AFTER = datetime(2026, 11, 2, 19, 44, tzinfo=UTC)
PAGE = (DOCS / "taxes.md").read_text(encoding="utf-8")
BOUGHT = date(2026, 10, 20)
PURCHASE = told_id("1003", NVDA, BOUGHT)
LOT = f"FIRST:1003:{NVDA}:2"
OTHER = "1003,HH-1,Bea Example Taxable,First Custody,{status},FIVE,TAXABLE\n"


(RULE,) = (
    one for one in load_rules(DOCS.parent / "data" / "rules.toml") if one.rule_id == "wash-sale"
)
SALE = Recommendation(
    account_id="1001",
    security_id=NVDA,
    symbol="NVDA",
    side=Side.SELL,
    quantity=Decimal(100),
    reference_price=Decimal("80.20"),
    notional=Decimal(8020),
    lot_ids=(),
    expected_cost=Decimal(0),
    expected_tax=Decimal(0),
    terms=(),
    reason="a test",
)


def examples(text):
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


class Desk:
    """The two pages' files where a reader would put them, and the trade that the page tells of."""

    def __init__(self, vault, folder, status):
        self.vault, self.folder = vault, folder
        self.files = examples((DOCS / "book.md").read_text(encoding="utf-8"))
        plain = self.files["layouts/first_positions.toml"]
        self.files["accounts.csv"] += OTHER.format(status=status)
        self.later = {"First_20261102.csv": examples(PAGE)["First_20261102.csv"]}
        told = {name: text for name, text in examples(PAGE).items() if name not in self.later}
        self.ingest(self.files | told | {"layouts/first_positions.toml": plain}, BEFORE)
        self.layout = told["layouts/first_positions.toml"]

    def ingest(self, files, at):
        """As `trimtab ingest` does it; gives its notes."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text, encoding="utf-8")
        service = VaultChanging(
            vault=self.vault,
            clock=SetClock(at),
            intake=Intake(self.folder / "layouts"),
            triggers=None,
            venues=(),
            limits=LIMITS,
            day=TradingDay(zone="America/New_York", close=time(16)),
        )
        lines = service.ingest([self.folder], "anna", replace=False)
        assert [problem.message for line in lines for problem in line.problems] == []
        assert all(note.startswith(line.file) for line in lines for note in line.notes)
        return [note for line in lines for note in line.notes]

    def loses(self):
        """50 NVDA of 1 September, bought for $140 a share and sold for $120."""
        day = BEFORE.date()
        with self.vault.write() as uow:
            own = uow.ledger.lots("1001", NVDA)
            (sold,) = (lot for lot in own if lot.acquired == date(2026, 9, 1))
            gone = lots.relieve([sold], Decimal(50), Decimal(6000), LotMethod.FIFO, sold_on=day)
            legs = (
                Leg(book="client:1001", asset=NVDA, quantity=Decimal(-50)),
                Leg(book="block:S", asset=NVDA, quantity=Decimal(50)),
            )
            uow.ledger.append(
                Transaction(
                    transaction_id="allocation:S:1",
                    kind=TransactionKind.ALLOCATION,
                    trade_date=day,
                    at=BEFORE,
                    legs=legs,
                    relieved=gone,
                    run_id=RUN,
                )
            )
            book = take(uow.connection, day)
            wash_sales.post(uow, book, run_id=RUN, trade_date=day, at=BEFORE)

    def comes(self, change=lambda text: text):
        """What is said when 1003 is taken over."""
        files = {name: change(text) for name, text in self.later.items()}
        files["layouts/first_positions.toml"] = self.layout
        return self.ingest(files, AFTER)

    def stays(self):
        with self.vault.read() as uow:
            found = {}
            for one in disallowed(uow.ledger.all()):
                found[one.replacement] = found.get(one.replacement, 0) + one.loss
            return {name: loss for name, loss in found.items() if loss}

    def book(self):
        with self.vault.read() as uow:
            return take(uow.connection, AFTER.date())

    def past(self):
        """What 1003 bought, by day: shares, those of them that have served, and their lots."""
        return {
            one.day: (one.now.quantity, one.now.served, one.lots)
            for one in self.book().past_trades
            if one.account_id == "1003"
        }


@pytest.fixture
def opened(new_sqlite_url, tmp_path):
    """Makes the desk, with 1003 of a tax status."""
    clock, anchor = SetClock(BEFORE), tmp_path / "anchor"
    vault = SqlVault(new_sqlite_url(), clock=clock, holder="test", anchor_path=anchor)
    yield lambda status: Desk(vault, tmp_path / "in", status)
    vault.close()


@pytest.fixture
def desk(opened):
    found = opened("taxable")
    found.loses()
    return found


def without_reference(text):
    return text.replace("N-17", "")


def test_what_was_bought_elsewhere_has_the_loss_until_its_lot_comes(desk):
    assert desk.stays() == {PURCHASE: 600}

    said = desk.comes()

    assert desk.stays() == {LOT: 600}
    assert [line for line in said if f"\n{line}\n" in PAGE] == said
    assert len(said) == 1


def test_without_the_reference_the_loss_stays_and_it_is_said_as_on_the_page(desk):
    said = desk.comes(without_reference)

    assert desk.stays() == {PURCHASE: 600}
    assert [line for line in said if f"\n{line}\n" in PAGE] == said
    assert len(said) == 1


def test_the_day_is_enough_where_the_lot_has_that_of_the_purchase(desk):
    desk.comes(lambda text: without_reference(text).replace("2026-10-21", "2026-10-20"))

    assert desk.stays() == {LOT: 600}


@pytest.mark.parametrize("status", ["taxable", "deferred"])
def test_what_has_served_is_nothing_that_the_rule_or_the_optimizer_warns_of(opened, status):
    """Both look at past trades; the lot of the 21st is the purchase of the 20th."""
    desk = opened(status)
    desk.loses()

    desk.comes()

    assert desk.past() == {BOUGHT: (30, 30, (LOT,))}
    book = desk.book()
    sold = replace(SALE, lot_ids=tuple(lot.lot_id for lot in book.lots if lot.account_id == "1001"))
    (found,) = check_accounts((RULE,), book, (sold,), AFTER)
    assert found.verdict is Verdict.PASS
    locked, _ = past_locks(past_of_households(book)["HH-1"], AFTER.date(), {NVDA: 0})
    assert locked == frozenset()


def test_a_lot_of_which_no_trade_was_told_is_a_purchase_of_its_day(opened):
    desk = opened("deferred")
    desk.loses()

    desk.comes(lambda text: text.replace("2024-03-05", "2026-10-29"))

    lot = LOT.replace(":2", ":1")
    day = date(2026, 10, 29)
    assert desk.past()[day] == (15, 0, (lot,))
    with desk.vault.write() as uow:
        posted = wash_sales.post(uow, desk.book(), run_id=RUN, trade_date=AFTER.date(), at=AFTER)
    assert [one.replacement for found in posted for one in found.disallowed] == [lot]
    assert desk.past()[day] == (15, 15, (lot,))


def test_a_lot_whose_losses_are_more_than_its_cost_refuses_the_file(desk):
    with pytest.raises(AssertionError, match=r"is a lot of 5400\.00 dollars with 5400\.01 of"):
        desk.comes(lambda text: text.replace("N-17,", "N-17,5400.01"))
