"""Take-over: custodians' holdings enter the ledger once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from domain.postings import Leg, Transaction, TransactionKind
from ledger import positions
from oms.take_over import take_over
from tests.memory import MemoryVault
from tests.oms_orders.desk import AAPL, DAY, KO, NOW, custody, lot, snapshot

BOOK = snapshot(
    (lot("A1", AAPL, 100, "9000"), lot("A1", KO, 10, "500"), lot("A2", AAPL, 5, "600")),
    {"A1": "123.45", "A2": "-10"},
)
DIVIDEND = Transaction(
    transaction_id="flow:1",
    kind=TransactionKind.CASH_FLOW,
    trade_date=DAY,
    at=NOW,
    legs=(
        Leg(book="custody:Harbor Trust", asset="USD", quantity=Decimal(-7)),
        Leg(book="client:A1", asset="USD", quantity=Decimal(7)),
    ),
)


def test_holdings_and_cash_are_taken_over_once():
    vault = MemoryVault(custody(BOOK), [DIVIDEND])

    with vault.write() as uow:
        first = take_over(uow, DAY, NOW)
    with vault.write() as uow:
        second = take_over(uow, DAY, NOW)
        facts = uow.ledger.all()
        entries = uow.audit.entries()

    assert first.opened == ("A1", "A2", "A3")
    assert first.flows == ("flow:1",)
    assert (second.opened, second.flows) == ((), ())
    held = positions.balances(facts)
    assert positions.cash(held) == {"A1": Decimal("130.45"), "A2": Decimal(-10)}
    assert positions.positions(held) == {("A1", AAPL): 100, ("A1", KO): 10, ("A2", AAPL): 5}
    assert set(positions.lots(facts)) == set(BOOK.lots)
    assert len(entries) == 1


def test_a_newer_file_does_not_open_an_account_again():
    later = [replace(p, as_of=DAY + timedelta(days=1)) for p in custody(BOOK)]
    vault = MemoryVault([*custody(BOOK), *later])

    with vault.write() as uow:
        opened = take_over(uow, DAY + timedelta(days=1), NOW).opened

    assert opened == ("A1", "A2", "A3")


def test_an_account_that_two_custodians_claim_is_opened_by_one():
    doubled = [replace(p, custodian="Lakeside Custody", lots=()) for p in custody(BOOK)[:1]]
    vault = MemoryVault([*doubled, *custody(BOOK)[:1]])

    with vault.write() as uow:
        opened = take_over(uow, DAY, NOW).opened
        facts = uow.ledger.all()

    assert opened == ("A1",)
    assert positions.balances(facts)["custody:Harbor Trust", AAPL] == -100
