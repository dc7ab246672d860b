"""The days after: our own trades and the custodians' next files meet in the book."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.instruments import CASH
from domain.lots import TaxLot, Term
from domain.orders import Side
from domain.postings import Leg, Relief, Restatement, Transaction, TransactionKind
from tests.vault_ingest.conftest import DATA
from vault.custody import SqlCustody
from vault.ingest import Fate, ingest
from vault.ledger import SqlLedger
from vault.shared import shared
from vault.snapshots import take

TRADED, NEXT = date(2022, 11, 30), date(2022, 12, 1)
AT = datetime(2022, 12, 1, 14, tzinfo=UTC)
ACCOUNT, KO, MSFT = "00419524", "US1912161007", "US5949181045"
CLIENT = f"client:{ACCOUNT}"


@pytest.fixture
def traded(bundle):
    """Ten KO sold out of the first lot for a loss, and two MSFT bought."""
    ledger = SqlLedger(shared(bundle))
    lot = next(lot for lot in ledger.lots(ACCOUNT) if lot.security_id == KO)
    relief = Relief(
        lot_id=lot.lot_id,
        account_id=ACCOUNT,
        security_id=KO,
        quantity=Decimal(1),
        basis=lot.basis / lot.quantity,
        proceeds=Decimal("1.00"),
        term=Term.LONG,
    )
    bought = TaxLot(
        lot_id="AB-0002:00419524",
        account_id=ACCOUNT,
        security_id=MSFT,
        quantity=Decimal(2),
        basis=Decimal("507.90"),
        acquired=TRADED,
        source=None,
    )
    legs = {
        ("block:AB-0001", KO): Decimal(1),
        (CLIENT, KO): Decimal(-1),
        ("block:AB-0002", MSFT): Decimal(-2),
        (CLIENT, MSFT): Decimal(2),
        ("block:AB-0002", CASH): Decimal("506.90"),
        (CLIENT, CASH): Decimal("-506.90"),
    }
    ledger.append(
        Transaction(
            transaction_id="allocation:AB",
            kind=TransactionKind.ALLOCATION,
            trade_date=TRADED,
            at=AT,
            legs=tuple(Leg(book=b, asset=a, quantity=q) for (b, a), q in legs.items()),
            opened=(bought,),
            relieved=(relief,),
        )
    )
    return bundle


def test_our_own_trades_are_past_trades_and_no_disagreement(traded):
    """The custodians' files are of the day before: the ledger is compared as of then."""
    before = {(f.account_id, f.check) for f in take(traded, TRADED).findings}

    snapshot = take(traded, NEXT)

    ours = {t for t in snapshot.past_trades if t.account_id == ACCOUNT and t.day == TRADED}
    assert {(t.security_id, t.side, t.quantity) for t in ours} == {
        (KO, Side.SELL, Decimal(1)),
        (MSFT, Side.BUY, Decimal(2)),
    }
    assert {t.gain is None for t in ours if t.side is Side.BUY} == {True}
    assert {t.gain < 0 for t in ours if t.side is Side.SELL} == {True}
    assert {(f.account_id, f.check) for f in snapshot.findings} == before


def test_a_trade_that_was_taken_back_is_no_past_trade(traded):
    ledger = SqlLedger(shared(traded))
    standing = ledger.get("allocation:AB")
    ledger.append(
        Transaction(
            transaction_id="allocation:AB:reversed",
            kind=TransactionKind.ALLOCATION_REVERSAL,
            trade_date=TRADED,
            at=AT,
            legs=tuple(replace(leg, quantity=-leg.quantity) for leg in standing.legs),
            reverses="allocation:AB",
        )
    )

    past = take(traded, NEXT).past_trades

    assert not [t for t in past if t.account_id == ACCOUNT and t.day == TRADED]


def test_a_sale_that_a_wash_sale_restated_is_told_as_it_counts_now(traded):
    ledger = SqlLedger(shared(traded))
    (was,) = ledger.get("allocation:AB").relieved
    now = replace(was, lot_id=f"{was.lot_id}~w", basis=was.basis + 7)
    ledger.append(
        Transaction(
            transaction_id="wash_sale:AB",
            kind=TransactionKind.WASH_SALE,
            trade_date=TRADED,
            at=AT,
            legs=(),
            restated=(Restatement(sale="allocation:AB", was=was, now=now),),
        )
    )

    past = take(traded, NEXT).past_trades

    sold = [t for t in past if (t.account_id, t.day, t.side) == (ACCOUNT, TRADED, Side.SELL)]
    assert [t.gain for t in sold] == [was.gain - 7]


def lakeside_files(connection, folder, *, cash_off=Decimal(0)):
    """Lakeside's files of the trade date as they would be if it agreed with our ledger."""
    ledger = SqlLedger(shared(connection))
    cusips = {s.security_id: s.cusip for s in take(connection, TRADED).securities}
    own = [p.account_id for p in SqlCustody(connection).newest(TRADED) if p.custodian[0] == "L"]
    shares: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    files = {
        "TAXLOT": ["ACCT|CUSIP|ACQ_DT|QTY|FED_COST"],
        "POS": ["ACCT|CUSIP|QTY|MKT_PX|MKT_VAL"],
        "CASH": ["ACCT|CCY|BALANCE"],
    }
    for account in own:
        for lot in ledger.lots(account):
            row = (account, cusips[lot.security_id], lot.acquired, lot.quantity, lot.basis)
            files["TAXLOT"].append("|".join(str(cell) for cell in row))
            shares[account, cusips[lot.security_id]] += lot.quantity
        cash = ledger.balances(f"client:{account}")[f"client:{account}", CASH]
        off = cash_off if account == ACCOUNT else Decimal(0)
        files["CASH"].append(f"{account}|USD|{cash + off}")
    files["POS"] += [f"{a}|{cusip}|{quantity}|0|0" for (a, cusip), quantity in shares.items()]
    paths = []
    for kind, rows in files.items():
        path = folder / f"LSC.{kind}.20221130.psv"
        path.write_text("\n".join([*rows, f"TRL|{len(rows) - 1:06d}", ""]))
        paths.append(path)
    return paths


def test_a_custodian_that_agrees_on_the_next_day_raises_nothing(traded, layouts, tmp_path):
    before = {(f.account_id, f.check) for f in take(traded, NEXT).findings}
    paths = lakeside_files(traded, tmp_path)

    report = ingest(traded, paths, layouts=layouts, at=AT)

    assert {file.fate for file in report.files} == {Fate.ACCEPTED}
    snapshot = take(traded, NEXT)
    assert {(f.account_id, f.check) for f in snapshot.findings} == before
    assert len(snapshot.cash) == 55


def test_a_custodian_that_is_a_cent_off_stops_that_account(traded, layouts, tmp_path):
    before = {(f.account_id, f.check) for f in take(traded, NEXT).findings}
    paths = lakeside_files(traded, tmp_path, cash_off=Decimal("0.01"))

    ingest(traded, paths, layouts=layouts, at=AT)

    after = {(f.account_id, f.check) for f in take(traded, NEXT).findings}
    assert after - before == {(ACCOUNT, "ledger_disagrees")}


def test_a_custodian_whose_lots_have_not_come_yet_stops_its_accounts(traded, layouts, tmp_path):
    paths = [path for path in lakeside_files(traded, tmp_path) if "TAXLOT" not in path.name]

    ingest(traded, paths, layouts=layouts, at=AT)

    stopped = {f.account_id for f in take(traded, NEXT).findings if f.check == "lots_do_not_add_up"}
    own = {path.account_id for path in SqlCustody(traded).newest(NEXT)}
    assert ACCOUNT in stopped
    assert not stopped & own


def test_a_corrected_file_opens_the_accounts_that_were_kept_out(bundle, layouts, tmp_path):
    text = (DATA / "custodians" / "Harbor_Positions_20221129.csv").read_text()
    path = tmp_path / "Harbor_Positions_20221129.csv"
    lots = sum(
        int(line.split(",")[3].strip('"'))
        for line in (DATA / "custodians" / "Harbor_Lots_20221129.csv").read_text().split("\n")
        if line.startswith("Z41-227990,JNJ,")
    )
    (wrong,) = re.findall(r"^Z41-227990,.*,JNJ,.*$", text, re.MULTILINE)
    assert f",{lots + 25},$" in wrong
    path.write_text(text.replace(wrong, wrong.replace(f",{lots + 25},$", f",{lots},$")))

    (report,) = ingest(bundle, [path], layouts=layouts, at=AT, replace=True).files

    assert report.fate is Fate.ACCEPTED
    assert "Z41-227990" in {position.account_id for position in SqlCustody(bundle).newest(TRADED)}
