"""restricted.csv: from when on, and for whom, a name is barred."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.vault_ingest.conftest import AT
from vault.bars import KnownBars
from vault.ingest import Fate, ingest
from vault.snapshots import take

DAY = date(2022, 11, 30)
KO = "US1912161007"
NOON = datetime(2022, 11, 30, 17, 0, tzinfo=UTC)


@pytest.fixture
def put(bundle, layouts, tmp_path):
    """Ingest a restricted list into the bundled book; gives the file's report."""

    def run(text: str, header: str = "symbol,reason,effective_from\n"):
        path = tmp_path / "restricted.csv"
        path.write_text(header + text, encoding="utf-8")
        (report,) = ingest(bundle, [path], layouts=layouts, at=AT, replace=True).files
        return report

    return run


def test_a_day_binds_the_firm_from_its_first_moment(put, bundle):
    assert put("KO,bid,2022-11-30\n").fate is Fate.ACCEPTED

    (entry,) = take(bundle, DAY).restrictions
    assert (entry.effective_from, entry.effective_at, entry.household_id) == (DAY, None, "")


def test_an_instant_is_kept_in_utc(put, bundle):
    put("KO,bid,2022-11-30T12:00:00-05:00\n")

    (entry,) = take(bundle, DAY).restrictions
    assert (entry.effective_from, entry.effective_at) == (DAY, NOON)


def test_a_household_has_a_list_of_its_own_beside_the_firms(put, bundle):
    account = take(bundle, DAY).accounts[0]
    header = "symbol,reason,effective_from,household_id\n"
    text = f"KO,bid,2022-11-30,\nKO,promised,2022-11-30,{account.household_id}\n"
    assert put(text, header).fate is Fate.ACCEPTED

    bars = KnownBars().at(bundle, NOON)[KO]
    assert [bar.why for bar in bars] == ["restricted: bid", "restricted: promised"]
    assert bars[0].account_ids is None
    assert account.account_id in bars[1].account_ids


@pytest.mark.parametrize(
    ("text", "header", "field", "reason"),
    [
        ("KO,bid,2022-11-30T12:00:00", "", "effective_from", "says no offset"),
        ("KO,bid,2022-11-30T25:00:00Z", "", "effective_from", "is no instant"),
        ("KO,bid,30.11.2022", "", "effective_from", "is not a day of the calendar"),
        (
            "KO,bid,2022-11-30,H999",
            "symbol,reason,effective_from,household_id\n",
            "household_id",
            "is no",
        ),
        ("KO,bid,2022-11-30\nKO,again,2022-11-30", "", "", "was told at line 2 already"),
    ],
)
def test_what_says_no_time_or_household_is_refused_once(put, text, header, field, reason):
    report = put(f"{text}\n", *([header] if header else []))

    assert report.fate is Fate.REFUSED
    (problem,) = report.problems
    assert problem.field == field
    assert problem.reason.startswith(reason)


def test_what_is_barred_changes_with_the_clock_and_with_files_and_else_is_not_read_again(
    put, bundle
):
    put("KO,bid,2022-11-30T12:00:00-05:00\nPEP,bid,2022-12-01\n")
    known = KnownBars()

    early = known.at(bundle, NOON - timedelta(seconds=1))
    assert early == {}
    assert known.at(bundle, NOON - timedelta(seconds=1)) is early
    assert set(known.at(bundle, NOON)) == {KO}
    assert known.at(bundle, NOON + timedelta(hours=1)) is known.at(bundle, NOON)
    tomorrow = known.at(bundle, datetime(2022, 12, 1, tzinfo=UTC))
    assert len(tomorrow) == 2

    put("PEP,bid,2022-11-01\n")
    assert KO not in known.at(bundle, NOON)
