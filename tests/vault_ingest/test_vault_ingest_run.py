"""Ingest: whole or not at all, once, and never another content by accident."""

from datetime import date

import pytest
from sqlalchemy import func, select

from domain.accounts import Mandate
from tests.vault_ingest.conftest import AT, DATA
from vault.book_read import read_book
from vault.book_schema import book_security, ingested_file, refused_file
from vault.ingest import Fate, ingest
from vault.ingest.mandates import _KEYS

BOOK = DATA / "book"


@pytest.fixture
def put(empty, layouts, tmp_path):
    """Ingest one text under a name; gives the file's report."""

    def run(name, text, **options):
        path = tmp_path / name
        path.write_text(text)
        (report,) = ingest(empty, [path], layouts=layouts, at=AT, **options).files
        return report

    return run


def text_of(name):
    return (BOOK / name).read_text()


def test_the_same_file_twice_changes_nothing(put, empty):
    first = put("securities.csv", text_of("securities.csv"))
    second = put("securities.csv", text_of("securities.csv"))

    assert (first.fate, first.rows) == (Fate.ACCEPTED, 21)
    assert (second.fate, second.rows) == (Fate.UNCHANGED, 0)
    assert empty.scalar(select(func.count()).select_from(book_security)) == 21


def test_another_content_under_the_same_name_is_refused_unless_it_replaces(put, empty):
    changed = text_of("securities.csv").replace("Apple Inc. Common", "Apple Common")
    put("securities.csv", text_of("securities.csv"))

    refused = put("securities.csv", changed)
    replaced = put("securities.csv", changed, replace=True)

    assert refused.fate is Fate.REFUSED
    assert str(refused.problems[0]) == (
        "securities.csv was accepted before with other content;"
        " say --replace if this one is to stand instead"
    )
    assert replaced.fate is Fate.ACCEPTED
    names = {s.name for s in read_book(empty, AT.date()).securities.values()}
    assert "Apple Common Stock" in names
    assert "Apple Inc. Common Stock" not in names


def test_what_was_replaced_can_come_back(put, empty):
    original = text_of("securities.csv")
    changed = original.replace("Apple Inc. Common", "Apple Common")
    for text in (original, changed, original):
        assert put("securities.csv", text, replace=True).fate is Fate.ACCEPTED

    assert empty.scalar(select(func.count()).select_from(ingested_file)) == 3
    names = {s.name for s in read_book(empty, AT.date()).securities.values()}
    assert "Apple Inc. Common Stock" in names


def test_one_bad_line_keeps_the_whole_file_out(put, empty):
    text = text_of("securities.csv").replace("US0378331005", "US0378331006")

    report = put("securities.csv", text)

    assert report.fate is Fate.REFUSED
    assert [str(p) for p in report.problems] == [
        (
            "securities.csv:2: isin 'US0378331006' is not an ISIN: form or check digit is wrong;"
            " correct the identifier"
        )
    ]
    assert empty.scalar(select(func.count()).select_from(book_security)) == 0
    assert empty.scalar(select(refused_file.c.problem_count)) == 1


def test_the_same_refusal_is_kept_once(put, empty):
    for _ in range(2):
        put("prices.csv", "day,symbol,close\n2022-11-30,AAPL,1\n")

    assert empty.scalar(select(func.count()).select_from(refused_file)) == 1


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("prices.csv", "day,symbol,close\n2022-11-30,APPL,1\n",
         "prices.csv:2: symbol 'APPL' is no symbol of the security master; did you mean 'AAPL'?"),
        ("prices.csv", "day,symbol,close\n2022-11-30,KO,0\n",
         "prices.csv:2: close '0' is not above 0; correct the number"),
        ("prices.csv", "day,symbol,close\n2022-12-01,KO,1\n",
         "prices.csv is of 2022-12-01, after today, 2022-11-30; correct the day"),
        ("prices.csv", "day,symbol,close\n2022-11-30,KO,1\n2022-11-30,KO,2\n",
         "prices.csv:3: 'US1912161007, 2022-11-30' was told at line 2 already; keep one"),
        ("prices.csv", "day,symbol,close\n",
         "prices.csv has no rows; send the whole file"),
        ("models.csv", "model_id,symbol,weight\nM,KO,0.6\nM,PEP,0.5\n",
         ("models.csv:3: weight '0.5' brings model M above 1;"
         " weights are fractions and add up to at most 1")),
        ("accounts.csv", ("account_id,household_id,name,custodian,tax_status,model_id,mandate_id\n"
         "A1,H,N,Harbour Trust,taxable,CORE-20,TAXABLE-STANDARD\n"),
         ("accounts.csv:2: custodian 'Harbour Trust' is not a custodian with a layout;"
         " did you mean 'Harbor Trust'?")),
        ("flows.csv", "account_id,amount,due,why\nA1,-5,2022-12-01,x\n",
         ("flows.csv:2: account_id 'A1' is not a known account;"
         " none is known yet: ingest them first")),
        ("securities.xlsx", "x", ("securities.xlsx is no file that we know;"
         " it may be securities.csv, models.csv, accounts.csv, restricted.csv, flows.csv,"
         " prices.csv, facts.csv or mandates.toml, and a layout makes a custodian's file known:"
         " see docs/book.md")),
        ("prices_20221131.csv", "x", ("prices_20221131.csv is no file that we know;"
         " it may be securities.csv, models.csv, accounts.csv, restricted.csv, flows.csv,"
         " prices.csv, facts.csv or mandates.toml, and a layout makes a custodian's file known:"
         " see docs/book.md")),
    ],
)  # fmt: skip
def test_a_file_is_refused_in_words(put, name, text, problem):
    for known in ("securities.csv", "models.csv", "mandates.toml"):
        if known != name:
            assert put(known, text_of(known)).fate is Fate.ACCEPTED

    report = put(name, text)

    assert report.fate is Fate.REFUSED
    assert [str(p) for p in report.problems] == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("sector_band = 0.08", "sector_bnd = 0.08",
         "mandates.toml:8: sector_bnd is not a key here; did you mean 'sector_band'?"),
        ("name_maximum = 0.12", "name_maximum = nan",
         "mandates.toml:9: name_maximum is NaN; write a finite number"),
        ("name_maximum = 0.12", 'name_maximum = "0.12"',
         "mandates.toml:9: name_maximum '0.12' is not a number; write it like 0.05"),
        ("name_maximum = 0.12", "name_maximum = 12",
         "mandates.toml:9: name_maximum '12' is not from 0 to 1; correct the number"),
        ("name_maximum = 0.12", "name_maximum = 0.12345678",
         ("mandates.toml:9: name_maximum 0.12345678 has more than 6 decimal places;"
         " write it with at most six decimal places")),
        ("minimum = 0.005, maximum = 0.04", "minimum = 0.05, maximum = 0.04",
         "mandates.toml:7: cash has minimum 0.05 above maximum 0.04; swap or correct them"),
        ('lot_method = "hifo"', 'lot_method = "lifo"',
         "mandates.toml:6: lot_method 'lifo' is no lot method; did you mean 'hifo'?"),
        ('"CVX", "RRC", "XOM"', '"CVX", "RRC", "XOMM"',
         ("mandates.toml:91: do_not_buy 'XOMM' is no symbol of the security master;"
         " did you mean 'XOM'?")),
        ('id = "TAXABLE-LEGACY"', 'id = "TAXABLE-STANDARD"',
         "mandates.toml:32: 'TAXABLE-STANDARD' was told at line 4 already; keep one"),
        ("risk_aversion = 20\n", "",
         "mandates.toml:4: risk_aversion is missing; every mandate states it"),
        ("risk_aversion = 20\n", "risk_aversion = 20\nrisk_aversion = 30\n",
         ("mandates.toml:12: is not TOML: cannot overwrite a value;"
         " each key stands once, texts in quotation marks")),
    ],
)  # fmt: skip
def test_a_mandate_is_refused_with_line_and_key(put, old, new, problem):
    put("securities.csv", text_of("securities.csv"))
    text = text_of("mandates.toml")
    assert old in text

    report = put("mandates.toml", text.replace(old, new, 1))

    assert report.fate is Fate.REFUSED
    assert problem in [str(p) for p in report.problems]


def test_every_term_of_a_mandate_can_be_written():
    written = _KEYS - {"id"} | {"mandate_id", "wishes", "risk", "source"}
    assert set(Mandate.__dataclass_fields__) == written


def test_a_missing_path_is_a_refusal_and_not_a_crash(empty, layouts, tmp_path):
    report = ingest(empty, [tmp_path / "prices.csv"], layouts=layouts, at=AT)

    assert str(report.problems[0]) == (
        "prices.csv cannot be read (No such file or directory); check the path"
    )


def test_prices_of_another_day_stand_beside_the_old_ones(put, empty):
    put("securities.csv", text_of("securities.csv"))
    put("prices_20221128.csv", "day,symbol,close\n2022-11-25,KO,61.5\n2022-11-28,KO,61\n")
    put("prices_20221129.csv", "day,symbol,close\n2022-11-28,KO,62\n2022-11-29,KO,63\n")

    closes = read_book(empty, date(2022, 11, 30)).closes.by_security["US1912161007"]
    before = read_book(empty, date(2022, 11, 28)).closes.by_security["US1912161007"]

    assert {day.day: str(close) for day, close in closes.items()} == {
        25: "61.500000", 28: "62.000000", 29: "63.000000",
    }  # fmt: skip
    assert {day.day: str(close) for day, close in before.items()} == {
        25: "61.500000", 28: "61.000000",
    }  # fmt: skip
