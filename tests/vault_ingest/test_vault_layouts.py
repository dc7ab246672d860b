"""Layouts: the shipped ones read their files; a wrong one says which key, on which line."""

import shutil
from datetime import date

import pytest

from tests.vault_ingest.conftest import DATA
from vault.ingest import LayoutError, load_layouts
from vault.ingest.custodian import parse_custodian
from vault.ingest.layouts import layout_for
from vault.ingest.lines import RawFile

DAY = date(2022, 11, 29)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("Harbor_Positions_20221129.csv", "harbor_positions"),
        ("Summit-Positions-2022-11-29.csv", "summit_positions"),
        ("LSC.TAXLOT.20221129.psv", "lakeside_lots"),
        ("DELTA_HOLDINGS_29112022.txt", "delta_positions"),
    ],
)
def test_a_file_name_finds_its_layout_and_day(layouts, name, layout):
    found = layout_for(name, layouts)

    assert found is not None
    assert (found[0].name, found[1]) == (layout, DAY)


@pytest.mark.parametrize(
    "name",
    ["Harbor_Positions_20221131.csv", "Harbor_Positions_.csv", "Harbor_Positions_2022112.csv"],
)
def test_a_name_without_a_real_day_is_of_no_layout(layouts, name):
    assert layout_for(name, layouts) is None


HARBOR = (
    "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,"
    "Cost Basis Total,Average Cost Basis,Type\n"
)
HARBOR_END = "\nThe data and information in this spreadsheet is yours.\n"
SUMMIT = (
    "Positions as of today\n\nAccount,Symbol,Description,Qty (Quantity),Price,"
    "Mkt Val (Market Value),Cost Basis,Date Acquired,% Of Account (% of Account)\n"
)
LAKESIDE = "ACCT|CUSIP|ACQ_DT|QTY|FED_COST\n"
DELTA = "Art;Konto;ISIN;Stueck;Einstand;Kaufdatum;Waehrung\n"
ACCEPTED = [
    (
        "Harbor_Positions_20221129.csv",
        HARBOR
        + 'Z1,A,HCASH**,MONEY MARKET,,,"$1,234.50",--,--,Cash\n'
        + 'Z1,A,AAPL,Apple,"1,200",$140.76,"$168,912.00","$9,831.29",$8.19,Cash\n'
        + "Z1,A,Pending Activity,,,,$0.00,--,--,\n"
        + HARBOR_END,
        {("custody_cash", 2, "1234.50"), ("custody_position", 3, "1200")},
    ),
    (
        "Summit-Positions-2022-11-29.csv",
        SUMMIT
        + '8839-1144,AAPL,Apple,10,$140.76,"$1,407.60",$900.00,All lots,50%\n'
        + "8839-1144,AAPL,,10,,,$900.00,12/23/2020,\n"
        + '8839-1144,Cash & Cash Investments,,--,--,"($1,407.60)",--,--,\n'
        + "8839-1144,Account Total,,--,--,$0.00,--,--,100%\n",
        {("custody_position", 4, "10"), ("custody_lot", 5, "10"), ("custody_cash", 6, "-1407.60")},
    ),
    (
        "LSC.TAXLOT.20221129.psv",
        LAKESIDE + "00419524|037833100|2020-04-09|31.0000|2033.60\nTRL|000001\n",
        {("custody_lot", 2, "31.0000")},
    ),
    (
        "DELTA_HOLDINGS_29112022.txt",
        DELTA
        + "GELD;DC-1;;;32.837,88;;USD\n"
        + "BESTAND;DC-1;US0378331005;1.783;98.086,41;;USD\n"
        + "POSTEN;DC-1;US0378331005;1.783;98.086,41;30.11.2021;USD\n",
        {
            ("custody_cash", 2, "32837.88"),
            ("custody_position", 3, "1783"),
            ("custody_lot", 4, "1783"),
        },
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), ACCEPTED, ids=[a[0] for a in ACCEPTED])
def test_each_layout_reads_its_rows(layouts, name, text, expected):
    parsed = parse_custodian(RawFile(name, text.encode()), *layout_for(name, layouts))

    assert parsed.problems == ()
    assert {
        (row.table, row.line, str(row.values.get("quantity", row.values.get("amount"))))
        for row in parsed.rows
    } == expected


REFUSED = [
    (
        "Harbor_Positions_20221129.csv",
        HARBOR + "Z1,A,AAPL,Apple,1;200,$1,$1,$1,$1,Cash\n" + HARBOR_END,
        ["2: Quantity '1;200' is not a plain number; write it like $1,234.50"],
    ),
    (
        "Harbor_Positions_20221129.csv",
        HARBOR + "Z1,A,AAPL,Apple,1,$1,$1,$1,$1,Cash\n" * 2 + HARBOR_END,
        ["3: 'Z1, AAPL' was told at line 2 already; keep one"],
    ),
    (
        "Summit-Positions-2022-11-29.csv",
        SUMMIT + "1-2,AAPL,,10,,,$9.00,02/30/2020,\n1-2,AAPL,,10,,,-$9.00,12/01/2022,\n",
        [
            "4: Date Acquired '02/30/2020' is not a day of the calendar; write it like 11/30/2022",
            "5: Cost Basis '-$9.00' is below 0; correct the number",
            (
                "5: Date Acquired '12/01/2022' is after the file's own day, 2022-11-29;"
                " correct one of them"
            ),
        ],
    ),
    (
        "LSC.TAXLOT.20221129.psv",
        LAKESIDE + "00419524|037833101|2020-04-09|NaN|2033.60\nTRL|000001\n",
        [
            (
                "2: CUSIP '037833101' is not a CUSIP: form or check digit is wrong;"
                " correct the identifier"
            ),
            "2: QTY 'NaN' is not a plain number; write it like 1234.50",
        ],
    ),
    (
        "DELTA_HOLDINGS_29112022.txt",
        DELTA + "GELD;DC-1;;;32837.88;;USD\n",
        ["2: Einstand '32837.88' has '.' where three digits do not follow; write it like 1.234,50"],
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), REFUSED)
def test_each_layout_refuses_with_line_column_value_and_remedy(layouts, name, text, expected):
    parsed = parse_custodian(RawFile(name, text.encode()), *layout_for(name, layouts))

    assert [str(problem) for problem in parsed.problems] == [f"{name}:{line}" for line in expected]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('separator = ","', 'seperator = ","', ":8: seperator is not a key here; did you mean"),
        ('content = "positions"', 'content = "holdings"', "content means nothing"),
        ('equals = "HCASH**"', "", "equals is missing; every [[row]] has it"),
        ('is = "cash"', 'is = "money"', "is is no kind of row"),
        ('quantity = "Quantity"', "", "quantity is needed for rows of kind position"),
        ("header_line = 1", "header_line = 0", ":9: header_line is below 1"),
        ("header_line = 1", 'header_line = "1"', ":9: header_line has the wrong type"),
        ("header_line = 1", "header_line = 1\nheader_line = 2", "is not TOML"),
        ('code = "HARBOR"', "", "code is missing"),
        ("{date}.csv", ".csv", "file lacks {date}"),
        ("%Y%m%d", "%y%j%Q", ":7: date_in_name does not give a day back"),
        ('separator = ","', 'separator = "\\n"', ":8: separator is not one character"),
        ('quantity = "Quantity"', "quantity = 5", "quantity is not a text"),
        ('empty = ["--", ""]', 'empty = "--"', "empty is not a list"),
        ('starts_with = "The', 'rows_in_field = 0\nstarts_with = "The', "rows_in_field is no cell"),
        ("ignore = [", "row = [{}]\nignore = [", "is not TOML"),
    ],
)
def test_a_wrong_layout_names_key_and_line(tmp_path, old, new, message):
    path = tmp_path / "harbor_positions.toml"
    shutil.copy(DATA / "layouts" / path.name, path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(LayoutError) as caught:
        load_layouts(tmp_path)

    assert message in str(caught.value)


def test_two_layouts_may_not_claim_the_same_files(tmp_path):
    text = (DATA / "layouts" / "harbor_positions.toml").read_text()
    (tmp_path / "a.toml").write_text(text)
    (tmp_path / "b.toml").write_text(text.replace('code = "HARBOR"', 'code = "HBR"'))

    with pytest.raises(LayoutError) as caught:
        load_layouts(tmp_path)

    assert str(caught.value).split("\n") == [
        "b.toml:6: file is doubled; a.toml has it already",
        "b.toml:4: code clashes; a.toml says HARBOR for Harbor Trust",
    ]


def harbor(layouts, *rows: str):
    name = "Harbor_Positions_20221129.csv"
    found = layout_for(name, layouts)
    assert found is not None
    text = HARBOR + "".join(rows) + HARBOR_END
    return parse_custodian(RawFile(name, text.encode()), found[0], DAY)


def test_what_is_pending_is_part_of_the_cash_of_the_trade_date(layouts):
    """Bought yesterday, paid tomorrow: the shares are in the positions, so the money is gone."""
    parsed = harbor(
        layouts,
        'Z1,A,HCASH**,MONEY MARKET,,,"$1,234.50",--,--,Cash\n',
        "Z1,A,Pending Activity,,,,-$1000.25,--,--,\n",
    )

    assert parsed.problems == ()
    assert [(r.table, r.line, str(r.values["amount"])) for r in parsed.rows] == [
        ("custody_cash", 2, "234.25")
    ]


def test_pending_cash_of_an_account_without_cash_refuses_the_file(layouts):
    parsed = harbor(layouts, "Z1,A,Pending Activity,,,,$5.00,--,--,\n")

    assert [problem.line for problem in parsed.problems] == [2]
    assert "pending cash without a row of cash" in parsed.problems[0].reason


def test_a_misspelt_folder_is_not_a_folder_without_layouts(tmp_path):
    with pytest.raises(LayoutError, match=r"layoutz is no folder: correct \[book\] layouts"):
        load_layouts(tmp_path / "layoutz")
