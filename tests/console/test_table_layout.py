"""Tables on a terminal: whatever its width, everything is there."""

from hypothesis import given
from hypothesis import strategies as st

from console.table_layout import laid_out

ROWS = [
    ["ORDER", "SYMBOL", "FILLED", "NOTE"],
    ["7M2K9QDE-0001", "AAPL", "1,200", ""],
    ["7M2K9QDE-0002", "GE", "0", "rejected by the venue, whose book in this symbol is closed"],
]
NUMBERS = [False, False, True, False]
cells = st.text("abc xyz,.1", max_size=40).map(str.strip)


@st.composite
def tables(draw):
    width = draw(st.integers(1, 6))
    row = st.lists(cells, min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=5)), draw(
        st.lists(st.booleans(), min_size=width, max_size=width)
    )


def test_a_table_that_fits_has_one_line_a_row():
    assert [len(block) for block in laid_out(ROWS, NUMBERS, 120)] == [1, 1, 1]


def test_a_sentence_is_wrapped_beside_its_figures():
    assert laid_out(ROWS, NUMBERS, 64) == [
        ["ORDER          SYMBOL  FILLED  NOTE"],
        ["7M2K9QDE-0001  AAPL     1,200"],
        [
            "7M2K9QDE-0002  GE           0  rejected by the venue, whose book",
            "                               in this symbol is closed",
        ],
    ]


def test_a_sentence_without_room_beside_them_goes_below():
    assert laid_out(ROWS, NUMBERS, 40) == [
        ["ORDER          SYMBOL  FILLED", "    NOTE"],
        ["7M2K9QDE-0001  AAPL     1,200"],
        [
            "7M2K9QDE-0002  GE           0",
            "    rejected by the venue, whose book in",
            "    this symbol is closed",
        ],
    ]


def test_figures_without_room_go_into_a_second_line_under_their_heading():
    assert laid_out([row[:3] for row in ROWS], NUMBERS[:3], 24) == [
        ["ORDER          SYMBOL", "    FILLED"],
        ["7M2K9QDE-0001  AAPL", "     1,200"],
        ["7M2K9QDE-0002  GE", "         0"],
    ]


def test_colour_changes_no_place():
    plain = laid_out(ROWS, NUMBERS, 64)
    painted = laid_out(ROWS, NUMBERS, 64, lambda cell: f"\x1b[31m{cell}\x1b[0m" if cell else "")

    for block, coloured in zip(plain, painted, strict=True):
        said = [line.replace("\x1b[31m", "").replace("\x1b[0m", "") for line in coloured]
        assert [line.rstrip() for line in said] == block


@given(tables(), st.integers(20, 120))
def test_no_word_is_lost_at_any_width_and_no_line_is_longer_than_it_must_be(table, width):
    rows, numbers = table

    blocks = laid_out(rows, numbers, width)
    for row, block in zip(rows, blocks, strict=True):
        assert sorted(" ".join(block).split()) == sorted(" ".join(row).split())
        longest = max(map(len, (cell for row in rows for cell in row)))
        assert all(len(line) <= max(width, 4 + longest) for line in block)
