"""Witnesses: a file proves itself or nothing in it counts."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.orders import ExecType, Side
from tests.vault_ingest.conftest import DATA, TODAY
from vault.custody import SqlCustody
from vault.witness import VENUE_COLUMNS, read_custodian_files, read_venue_file

HEADER = ",".join(VENUE_COLUMNS)
ROWS = (
    (
        "2022-11-30,XSIM,X-1,F,O-1,AB12-0001,TRIMTAB,AAPL,US0378331005,1,100,147.60,0.30,"
        "2022-11-30T20:45:01.000000Z"
    ),
    (
        "2022-11-30,XSIM,X-2,F,O-2,AB12-0002,TRIMTAB,KO,US1912161007,2,50,62.65,0.15,"
        "2022-11-30T20:45:02.000000Z"
    ),
)
TRAILER = "TRAILER,XSIM,2,150,17892.5,0.45"
GOOD = "\n".join([HEADER, *ROWS, TRAILER, ""])


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("venue") / "XSIM_20221130_executions.csv"

    def run(text):
        path.write_text(text)
        return read_venue_file(path)

    return run


def test_a_venues_file_is_its_executions(read):
    found = read(GOOD)

    assert found.problems == ()
    assert found.venue == "XSIM"
    first, second = found.executions
    assert (first.exec_id, first.exec_type, first.side) == ("X-1", ExecType.TRADE, Side.BUY)
    assert (first.quantity, first.price, first.fee) == (100, Decimal("147.60"), Decimal("0.30"))
    assert (second.side, second.source.line) == (Side.SELL, 3)


@pytest.mark.parametrize(
    ("said", "trailer"),
    [
        ("100,147.60,0.30", "TRAILER,XSIM,2,200,29520.00,0.60"),
        ("0,0,0", "TRAILER,XSIM,2,100,14760,0.3"),
    ],
    ids=["what it was", "nothing"],
)
def test_a_bust_names_the_execution_that_it_undoes(read, said, trailer):
    """In a column of its own, which files without busts may lack."""
    bust = ROWS[0].replace("X-1,F", "X-3,H").replace("100,147.60,0.30", said)
    lines = [f"{HEADER},exec_ref_id", f"{ROWS[0]},", f"{bust},X-1"]

    found = read("\n".join([*lines, trailer, ""]))

    assert found.problems == ()
    assert [(e.exec_type, e.exec_ref_id) for e in found.executions] == [
        (ExecType.TRADE, None),
        (ExecType.TRADE_CANCEL, "X-1"),
    ]


def test_an_order_by_telephone_has_no_clordid_in_the_file(read):
    found = read(GOOD.replace("AB12-0002", ""))

    assert found.problems == ()
    assert [one.cl_ord_id for one in found.executions] == ["AB12-0001", ""]


def test_a_day_without_executions_is_a_file_too(read):
    found = read(f"{HEADER}\nTRAILER,XSIM,0,0,0,0\n")

    assert (found.venue, found.executions, found.problems) == ("XSIM", (), ())


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        (ROWS[1] + "\n", "", 3, "does not count the 1 rows that are there"),
        (TRAILER, "", 3, "is the end, and no line begins with 'TRAILER,'"),
        ("147.60", "147.61", 4, "is not the rows' sum, 17893.50"),
        (",0.15,", ",0.16,", 4, "is not the rows' sum, 0.46"),
        (",2,50,", ",2,51,", 4, "is not the rows' sum, 151"),
        ("X-2", "X-1", 3, "was told at line 2 already"),
        (",F,O-1", ",0,O-1", 2, "is not the ExecType of a trade"),
        ("100,147.60", "-100,147.60", 2, "is not above 0"),
        ("100,147.60", "NaN,147.60", 2, "is not a plain number"),
        (",XSIM,X-2", ",YSIM,X-2", 3, "is not the trailer's venue, XSIM"),
        ("TRAILER,XSIM,2,150,17892.5,0.45", "TRAILER,XSIM,2", 4, "is a trailer of 3 cells"),
    ],
)
def test_a_file_that_does_not_add_up_is_refused_whole(read, old, new, line, reason):
    assert old in GOOD

    found = read(GOOD.replace(old, new, 1))

    assert found.executions == ()
    assert (line, reason) in [(p.line, p.reason) for p in found.problems]


@settings(max_examples=60)
@given(st.integers(0, len(GOOD) - 2))
def test_a_file_cut_off_anywhere_is_refused(read, end):
    """But for the last line's end, which says nothing."""
    assert read(GOOD[:end]).problems


@pytest.mark.parametrize(
    "name", ["Harbor_Positions_20221129.csv", "Harbor_Lots_20221129.csv", "LSC.CASH.20221129.psv"]
)
def test_one_file_of_a_custodian_brings_its_companions(bundle, layouts, name):
    """Together they say what was taken over; an account at fault is a finding."""
    found = read_custodian_files(bundle, [DATA / "custodians" / name], layouts=layouts)

    assert found.problems == ()
    custodian = found.positions[0].custodian
    own = [p for p in SqlCustody(bundle).newest(TODAY) if p.custodian == custodian]
    doubled = {"Z43-212234"}  # Contradicts another custodian, not itself.
    assert [p for p in found.positions if p.account_id not in doubled] == own
    assert {f.account_id for f in found.findings} <= {"Z41-227990"}


def test_a_custodians_bad_file_is_no_witness(bundle, layouts):
    found = read_custodian_files(
        bundle, [DATA / "custodians" / "DELTA_HOLDINGS_29112022.txt"], layouts=layouts
    )

    assert found.positions == ()
    assert [problem.line for problem in found.problems] == [4, 7, 12, 15, 18]
