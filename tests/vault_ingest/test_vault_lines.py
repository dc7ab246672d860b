"""Files to lines: whole, plain and rectangular, or refused with the line and the reason."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.ingest.lines import Footer, RawFile, Shape, read

AB = Shape(columns=frozenset({"a", "b"}))
TRAILER = Shape(
    columns=frozenset({"a", "b"}),
    separator="|",
    footer=Footer(starts_with="TRL", rows_in_field=2),
)
TITLED = Shape(columns=frozenset({"a", "b"}), header_line=3, footer=Footer(starts_with="The data"))


def problems_of(text, shape=AB):
    data = text if isinstance(text, bytes) else text.encode()
    found = read(RawFile("f.csv", data), shape)
    return [(p.line, p.reason) for p in found.in_order()]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (0, "is empty")),
        (b" \n\n", (0, "is empty")),
        (b"\xef\xbb\xbfa,b\n1,2\n", (1, "begins with a byte order mark")),
        ("a,b\n1,2\n".encode("utf-16"), (1, "is UTF-16")),
        ("a,b\n1,2\n".encode("utf-16-be"), (1, "holds a NUL byte")),
        (b"a,b\n1,2\n3,\x00\n", (3, "holds a NUL byte")),
        (b"a,b\n1,caf\xe9\n", (2, "holds byte 0xe9: not UTF-8")),
        (b"a,b\n1,2\n3\n", (3, "has 1 cells, the header has 2")),
        (b"a,b\n1,2,3\n", (2, "has 3 cells, the header has 2")),
        (b"a,b\n1,2\na,b\n3,4\n", (3, "repeats the header")),
        (b"a,a\n1,2\n", (1, "stands twice in the header")),
        (b"a\n1\n", (1, "is missing from the header")),
        (b"a,b,c\n1,2,3\n", (1, "is not a column of this layout")),
        (b"a,b\n1,2\n\n3,4\n", (3, "is a blank line")),
        (b"a,b\n1,=cmd()\n", (2, "would run as a formula in a spreadsheet")),
        (b"a,b\n1,2\x1b[31m\n", (2, "holds a control character")),
        (b"a,b\r1,2\r", (1, "holds a control character")),
        (b'a,b\n1,"2\n3"\n', (2, "cannot be parted into cells (unexpected end of data)")),
        (b'a,b\n1,"2"x\n', (2, "cannot be parted into cells (',' expected after '\"')")),
        (b"a,b\n1," + b"x" * 1001 + b"\n", (2, "has a cell of over 1000 characters")),
    ],
)
def test_a_bad_file_is_refused_with_its_line(content, expected):
    assert expected in problems_of(content)


def test_every_bad_line_is_told_at_once():
    assert [line for line, _ in problems_of("a,b\n1\n2,3\n=x,1\n4,5,6\n")] == [2, 4, 5]


def test_both_kinds_of_line_ends_are_lines():
    found = read(RawFile("f.csv", b"a,b\r\n1,2\r\n3,4\n"), AB)

    assert found.rows == {2: {"a": "1", "b": "2"}, 3: {"a": "3", "b": "4"}}
    assert not found.problems


def test_title_and_disclaimer_are_not_rows():
    text = "Positions as of today\n\na,b\n1,2\n\nThe data and information\nDownloaded today\n"

    found = read(RawFile("f.csv", text.encode()), TITLED)

    assert found.rows == {4: {"a": "1", "b": "2"}}
    assert not found.problems


def test_a_file_without_its_footer_was_cut_off():
    ((line, reason),) = problems_of("T\n\na,b\n1,2\n", TITLED)

    assert (line, reason) == (4, "is the end, and no line begins with 'The data'")


def test_a_row_below_the_footer_is_not_lost_in_silence():
    assert problems_of("T\n\na,b\n1,2\nThe data\n3,4\n", TITLED) == [
        (6, "is a row below the footer")
    ]


@pytest.mark.parametrize("trailer", ["TRL|2", "TRL|000002"])
def test_a_trailer_counts_the_rows(trailer):
    assert problems_of(f"a|b\n1|2\n3|4\n{trailer}\n", TRAILER) == []


@pytest.mark.parametrize("trailer", ["TRL|1", "TRL|3", "TRL|", "TRL", "TRL|two", "TRL|-2", "TRL|0"])
def test_a_trailer_that_counts_otherwise_refuses_the_file(trailer):
    (problem,) = problems_of(f"a|b\n1|2\n3|4\n{trailer}\n", TRAILER)

    assert problem == (4, "does not count the 2 rows that are there")


@given(st.binary(max_size=200), st.sampled_from([AB, TRAILER, TITLED]))
def test_any_bytes_give_rows_or_problems_and_never_an_exception(data, shape):
    found = read(RawFile("f.csv", data), shape)

    assert found.problems or all(set(row) == {"a", "b"} for row in found.rows.values())


cells = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=20
).filter(lambda cell: not cell.startswith(("=", "@", "+", "-")))


@given(st.lists(st.tuples(st.just("x"), cells).filter(lambda row: row != ("a", "b"))))
def test_what_a_csv_writer_wrote_is_read_back(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("a", "b"), *rows])

    found = read(RawFile("f.csv", text.getvalue().encode()), AB)

    assert not found.problems
    assert [(row["a"], row["b"]) for row in found.rows.values()] == rows
