"""The bundled book: what was planted is found, and nothing else."""

import hashlib
import re
from datetime import date
from decimal import Decimal

import pytest

from domain.codec import decode, encode
from domain.orders import Side
from domain.postings import TransactionKind
from domain.snapshot import Snapshot, name_of
from ledger import positions
from tests.vault_ingest.conftest import AT, DATA, TODAY, take_over
from vault.custody import SqlCustody
from vault.engine import open_engine
from vault.ingest import Fate, ingest
from vault.ledger import SqlLedger
from vault.shared import shared
from vault.snapshot_store import SqlSnapshots
from vault.snapshots import take

PLANTED = {
    ("8740-2365", "unknown_security"),
    ("DC-501086", "no_positions"),
    ("DC-501103", "no_positions"),
    ("Z41-227990", "lots_do_not_add_up"),
    ("Z43-212234", "doubled_account"),
    ("Z45-251624", "stale_price"),
}


@pytest.fixture
def snapshot(bundle) -> Snapshot:
    return take(bundle, TODAY)


def test_the_findings_are_those_that_were_planted(snapshot):
    assert {(f.account_id, f.check) for f in snapshot.findings} == PLANTED
    assert len(snapshot.findings) == len(PLANTED)


def test_a_finding_says_what_where_and_what_to_do(snapshot):
    by_check = {finding.check: finding for finding in snapshot.findings}

    assert re.fullmatch(
        r"Harbor Trust reports \d+ shares of JNJ, but its lots add up to \d+"
        r" \(Harbor_Positions_20221129.csv:\d+\): ask the custodian",
        by_check["lots_do_not_add_up"].message,
    )
    assert by_check["no_positions"].message.endswith(
        ": DELTA_HOLDINGS_29112022.txt was refused for 5 bad lines, the first:"
        " DELTA_HOLDINGS_29112022.txt:4: Kaufdatum '31.11.2021' is not a day of the calendar;"
        " write it like 30.11.2022"
    )
    assert by_check["stale_price"].source.file == "prices.csv"


def test_every_file_is_accepted_but_the_one_with_bad_lines(empty, ingest_bundle):
    report = ingest_bundle(empty)

    assert [file.file for file in report.refused] == ["DELTA_HOLDINGS_29112022.txt"]
    assert [problem.line for problem in report.problems] == [4, 7, 12, 15, 18]
    assert sum(file.fate is Fate.ACCEPTED for file in report.files) == 16


def test_it_is_as_large_as_it_should_be(snapshot):
    assert len(snapshot.accounts) == 60
    assert len({account.household_id for account in snapshot.accounts}) == 24
    assert len({account.custodian for account in snapshot.accounts}) == 4
    assert len({account.tax_status for account in snapshot.accounts}) == 3
    assert len(snapshot.accounts) - len(snapshot.quarantined()) == 54
    assert len(snapshot.history.security_ids) == 20
    assert snapshot.history.days[-1] == TODAY
    assert len({mandate.lot_method for mandate in snapshot.mandates}) == 4


def test_it_has_gains_losses_and_wash_sale_windows(snapshot):
    close = {price.security_id: price.close for price in snapshot.prices}
    gains = [lot.quantity * close[lot.security_id] - lot.basis for lot in snapshot.lots]

    assert sum(gain > 0 for gain in gains) > 500
    assert sum(gain < 0 for gain in gains) > 200
    assert any(trade.side is Side.BUY for trade in snapshot.past_trades)
    assert any(trade.gain is not None and trade.gain < 0 for trade in snapshot.past_trades)
    assert {trade.day for trade in snapshot.past_trades} <= set(snapshot.history.days[-25:])


def test_the_withdrawal_is_larger_than_the_accounts_cash(snapshot):
    (flow,) = snapshot.flows
    (cash,) = [c for c in snapshot.cash if c.account_id == flow.account_id]

    assert -flow.amount > cash.amount > 0


def test_lineage_goes_from_every_lot_to_a_line_that_has_it(snapshot):
    texts: dict[str, list[str]] = {}
    symbols = {s.security_id: (s.symbol, s.cusip) for s in snapshot.securities}
    for lot in snapshot.lots:
        source = lot.source
        if source.file not in texts:
            data = (DATA / "custodians" / source.file).read_bytes()
            assert hashlib.sha256(data).hexdigest() == source.sha256
            texts[source.file] = data.decode().split("\n")
        line = texts[source.file][source.line - 1]

        assert lot.account_id in line
        assert any(name in line for name in symbols[lot.security_id])
        assert (
            f"{lot.quantity:,f}".rstrip("0").rstrip(".") in line or f"{lot.quantity:f}"[:-2] in line
        )


def test_accounts_at_fault_are_not_taken_over(bundle, snapshot):
    faulty = {account for account, check in PLANTED if check != "stale_price"}

    assert not faulty & {position.account_id for position in SqlCustody(bundle).newest(TODAY)}
    assert not faulty & {lot.account_id for lot in snapshot.lots}
    assert len(snapshot.cash) == 55


def test_cash_that_moved_after_the_opening_is_posted_once(bundle):
    posted = [t for t in SqlLedger(shared(bundle)).all() if t.kind is TransactionKind.CASH_FLOW]

    assert [(t.transaction_id.split(":")[2], t.legs[1].quantity) for t in posted] == [
        ("00441388", Decimal(8200)),
        ("00457786", Decimal("187.45")),
    ]
    assert SqlCustody(bundle).flows_to_post(TODAY) == ()
    assert positions.is_balanced(SqlLedger(shared(bundle)).all())


def test_the_ledger_agrees_with_the_custodians_after_the_take_over(bundle):
    ledger = SqlLedger(shared(bundle))
    for position in SqlCustody(bundle).newest(TODAY):
        assert sorted(ledger.lots(position.account_id), key=lambda lot: lot.lot_id) == sorted(
            position.lots, key=lambda lot: lot.lot_id
        )


def test_before_the_take_over_no_account_may_trade(empty, ingest_bundle):
    ingest_bundle(empty)

    snapshot = take(empty, TODAY)

    assert len(snapshot.quarantined()) == 60
    assert sum(f.check == "not_taken_over" for f in snapshot.findings) == 55


def test_same_data_same_name_on_every_database(database_url, bundle, ingest_bundle):
    engine = open_engine(database_url)
    with engine.begin() as connection:
        ingest_bundle(connection)
        take_over(connection)

        assert name_of(take(connection, TODAY)) == name_of(take(bundle, TODAY))
    engine.dispose()


def test_a_snapshot_reads_back_from_its_text(snapshot):
    assert decode(Snapshot, encode(snapshot)) == snapshot


def test_a_changed_cent_is_another_snapshot(bundle, layouts, tmp_path, snapshot):
    path = tmp_path / "prices.csv"
    text = (DATA / "book" / "prices.csv").read_text()
    path.write_text(text.replace("2022-11-30,KO,62.65", "2022-11-30,KO,62.66"))
    assert path.read_text() != text

    report = ingest(bundle, [path], layouts=layouts, at=AT, replace=True)

    assert report.files[0].fate is Fate.ACCEPTED
    assert name_of(take(bundle, TODAY)) != name_of(snapshot)


def test_an_earlier_day_does_not_see_later_files(bundle):
    earlier = take(bundle, date(2022, 11, 28))

    assert {f.check for f in earlier.findings if f.account_id == "00419524"} == {"no_positions"}
    assert max(price.day for price in earlier.prices) == date(2022, 11, 28)


def test_the_readme_has_the_checksum_of_every_file():
    told = re.findall(r"^([0-9a-f]{64})  (\S+)$", (DATA / "README.md").read_text(), re.MULTILINE)
    files = sorted([*(DATA / "book").iterdir(), *(DATA / "custodians").iterdir()])

    assert [name for _, name in told] == [f"{p.parent.name}/{p.name}" for p in files]
    for digest, name in told:
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest, name


def test_the_market_is_what_a_snapshot_has_of_it(bundle, snapshot):
    market = SqlSnapshots(bundle).market(TODAY)

    assert market.securities == snapshot.securities
    assert market.prices == snapshot.prices


def test_closes_of_some_days_are_the_newest_of_each_name_that_were_told_of_them(bundle, snapshot):
    """QUAL was last priced on the 18th: of the last days nothing is known of it."""
    store, known = SqlSnapshots(bundle), {price.security_id: price for price in snapshot.prices}
    newest = max(price.day for price in known.values())

    lately = store.closes(newest, TODAY)
    since = store.closes(date(2022, 11, 18), TODAY)

    assert since == known
    assert lately == {name: price for name, price in known.items() if price.day == newest}
    assert 0 < len(lately) < len(since)
    assert store.closes(date(2022, 12, 1), date(2022, 12, 9)) == {}


def test_booking_reads_the_mandates_of_a_snapshot_without_the_rest(bundle, snapshot):
    store = SqlSnapshots(bundle)
    by_id = {mandate.mandate_id: mandate for mandate in snapshot.mandates}

    name = store.put(snapshot, AT)

    assert store.mandates(name) == {a.account_id: by_id[a.mandate_id] for a in snapshot.accounts}
    assert store.mandates("no such snapshot") == {}
