"""docs/book.md is true: its files are ingested, its tables complete, its refusals occur."""

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.facts import About
from ledger import postings
from vault import quality
from vault.custody import SqlCustody
from vault.ingest import Fate, ingest, load_layouts
from vault.ingest.facts import COLUMNS
from vault.ingest.mandates import _KEYS, _OPTIONAL
from vault.ingest.master import MASTER_KINDS
from vault.ingest.rows import Known
from vault.ledger import SqlLedger
from vault.shared import shared
from vault.snapshots import take

PAGE = (Path(__file__).parents[2] / "docs" / "book.md").read_text(encoding="utf-8")
AT = datetime(2026, 10, 30, 19, 44, tzinfo=UTC)
EXAMPLES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


def rows_under(heading: str) -> dict[str, list[str]]:
    """The rows of a section's table by their first cell, which is `code`."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    return {cells[0].strip("`"): cells for cells in rows}


@pytest.fixture
def desk(tmp_path):
    """The page's files where a reader would put them."""
    for name, text in EXAMPLES.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "in"


def put(connection, desk, **options):
    return ingest(connection, [desk], layouts=load_layouts(desk / "layouts"), at=AT, **options)


def test_the_files_of_the_page_are_ingested(desk, empty):
    report = put(empty, desk)

    assert report.problems == ()
    assert {file.fate for file in report.files} == {Fate.ACCEPTED}
    assert {file.file for file in report.files} == {n for n in EXAMPLES if "/" not in n}
    assert {file.fate for file in put(empty, desk).files} == {Fate.UNCHANGED}


def test_the_book_of_the_page_is_fit_to_trade_once_it_is_taken_over(desk, empty):
    put(empty, desk)

    before = {finding.check for finding in take(empty, AT.date()).findings}
    for position in SqlCustody(empty).newest(AT.date()):
        SqlLedger(shared(empty)).append(postings.opening(position, AT))
    taken = take(empty, AT.date())

    assert before == {"not_taken_over"}
    assert taken.findings == ()
    assert [account.account_id for account in taken.accounts] == ["1001", "1002"]


def test_every_column_is_on_the_page_and_no_other():
    for kind, master in MASTER_KINDS.items():
        columns = list(dict.fromkeys(column for column, _ in master.parsers(Known()).values()))

        assert list(rows_under(f"{kind}.csv")) == columns


def test_every_column_of_facts_is_on_the_page_and_what_they_are_about():
    rows = rows_under("facts.csv")

    assert tuple(rows) == COLUMNS
    assert set(re.findall(r"`(\w+)`", rows["about"][1])) == set(About)


def test_every_key_of_a_mandate_is_on_the_page_and_in_its_example():
    rows = rows_under("mandates.toml")

    assert set(rows) == _KEYS
    assert {key for key, cells in rows.items() if cells[-1] == "no"} == _OPTIONAL
    first = EXAMPLES["mandates.toml"].split("[[mandate]]")[1]
    assert set(re.findall(r"^(\w+) =", first, re.MULTILINE)) == _KEYS


def test_every_quality_check_is_on_the_page():
    source = inspect.getsource(quality)
    checks = set(re.findall(r'(?:_finding\(|return )"(\w+)"', source))

    assert set(rows_under("Quarantine: what is wrong with an account")) == checks


REFUSALS = [  # A file of the page, and what is changed in it.
    ("securities.csv", "US1491231015", "US1491231016"),
    ("securities.csv", ",tick,", ",tick_size,"),
    ("models.csv", "FIVE,V,0.19", "FIVE,V,0.25"),
    ("accounts.csv", "First Custody", "First Custdy"),
    ("mandates.toml", "risk_aversion = 20\n", ""),
    ("prices.csv", "V,340.30", 'V,"1,340.30"'),
    ("First_20261029.csv", "2026-09-01", "2026-10-30"),
]


@pytest.mark.parametrize(("name", "old", "new"), REFUSALS)
def test_a_refusal_reads_as_the_page_says(desk, empty, name, old, new):
    path = desk / name
    path.write_text(path.read_text().replace(old, new))

    report = put(empty, desk)

    first = next(file for file in report.files if file.file == name).problems[0]
    assert f"| `{first}` |" in PAGE


def test_other_content_under_one_name_reads_as_the_page_says(desk, empty):
    put(empty, desk)
    path = desk / "accounts.csv"
    path.write_text(path.read_text().replace("Ada", "Eve"))

    (problem,) = put(empty, desk).problems
    corrected = put(empty, desk, replace=True)

    assert f"| `{problem}` |" in PAGE
    assert corrected.problems == ()
