"""What stands is written anew from the facts, by a person who says why."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from console.main import main
from console.opening import open_vault
from domain.errors import ExitCode
from domain.instruments import CASH
from domain.postings import Leg, Transaction, TransactionKind

AT = datetime(2022, 11, 30, 17, tzinfo=UTC)
FLOW = Transaction(
    transaction_id="cash:1",
    kind=TransactionKind.CASH_FLOW,
    legs=(
        Leg(book="client:A1", asset=CASH, quantity=Decimal(100)),
        Leg(book="outside:A1", asset=CASH, quantity=Decimal(-100)),
    ),
    trade_date=AT.date(),
    at=AT,
)


@pytest.fixture
def rebuild(installed, capsys):
    def ask(*more):
        capsys.readouterr()
        given = ("--by", "anna", "--why", "check found a balance that differs", *more)
        code = main(["--config", str(installed.path), "rebuild", *given])
        return code, capsys.readouterr()

    return ask


def test_a_balance_that_is_not_its_postings_is_mended_and_told(installed, rebuild):
    with open_vault(installed) as vault:
        vault.acquire()
        with vault.write() as uow:
            uow.ledger.append(FLOW)
        with vault.write() as uow:
            uow.connection.execute(text("update balance set quantity = 5 where book = 'client:A1'"))
            uow.forget()

    code, said = rebuild("--json")

    assert code == ExitCode.OK
    (mended,) = json.loads(said.out)["mended"]
    assert mended.startswith("balance client:A1 USD")
    with open_vault(installed) as vault, vault.read() as view:
        assert view.ledger.balances("client:A1") == {("client:A1", CASH): Decimal(100)}
        (entry,) = view.audit.about("projections")
    assert (entry.actor, entry.kind) == ("anna", "projections_rebuilt")
    assert rebuild()[1].out == "everything stands as its facts say; nothing was changed\n"


def test_nothing_is_written_anew_under_a_service(installed, rebuild):
    with open_vault(installed) as vault:
        vault.acquire()

        code, said = rebuild()

    assert code == ExitCode.TRY_AGAIN
    assert "is the writer since" in said.err
