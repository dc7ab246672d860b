"""Bytes to lines of cells: UTF-8 without surprises, one record a line, equally many cells.

The file must be whole: a footer or a row count that the layout promises and
the file lacks means that it was cut off.
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from vault.ingest.fields import FieldError, refuse_formula
from vault.ingest.report import Problem

LONGEST_CELL = 1000
LONGEST_FOOTER = 20
LARGEST_FILE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file's bytes, its name and the hash that names its content."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What stands below the rows: words, or a trailer that counts the rows."""

    starts_with: str
    rows_in_field: int | None = None  # The cell of the trailer with the number of rows, from 1.


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where a file's rows stand and how their cells are parted."""

    separator: str = ","
    header_line: int = 1
    columns: frozenset[str]  # Exactly these names must stand in the header ...
    optional: frozenset[str] = frozenset()  # ... and these may; without them cells are empty.
    footer: Footer | None = None
    empty: tuple[str, ...] = ()  # Cells such as "--" that are no formula.


@dataclass(slots=True)
class Lines:
    """The rows by line number, and what was wrong."""

    file: str
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(
        self, line: int, reason: str, remedy: str, *, column: str = "", value: str = ""
    ) -> None:
        """Note a problem."""
        self.problems.append(
            Problem(
                file=self.file, line=line, field=column, value=value, reason=reason, remedy=remedy
            )
        )

    def in_order(self) -> tuple[Problem, ...]:
        """The problems by line."""
        return tuple(sorted(self.problems, key=lambda problem: problem.line))


def decode(raw: RawFile) -> tuple[str, list[Problem]]:
    """The text of a file, or why it is none."""
    found = Lines(raw.name)
    data = raw.data
    if len(data) > LARGEST_FILE:
        found.refuse(0, f"is larger than {LARGEST_FILE} bytes", "split it")
        return "", found.problems
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        found.refuse(1, "is UTF-16", "save it as UTF-8")
    elif data.startswith(b"\xef\xbb\xbf"):
        found.refuse(1, "begins with a byte order mark", "save it as UTF-8 without BOM")
    elif b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        found.refuse(line, "holds a NUL byte", "save it as UTF-8 text")
    elif not data.strip():
        found.refuse(0, "is empty", "send it again")
    if found.problems:
        return "", found.problems
    try:
        return data.decode(), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found.refuse(line, f"holds byte {data[error.start]:#04x}: not UTF-8", "save it as UTF-8")
        return "", found.problems


def read(raw: RawFile, shape: Shape) -> Lines:
    """The rows of a file of one shape, with every problem that can be seen."""
    lines = Lines(raw.name)
    body, lines.problems = decode(raw)
    if lines.problems:
        return lines
    texts = [text.removesuffix("\r") for text in body.split("\n")]
    while texts and not texts[-1]:
        texts.pop()
    if len(texts) < shape.header_line:
        lines.refuse(0, f"has no header at line {shape.header_line}", "send the whole file")
        return lines
    header = _cells(lines, shape.header_line, texts[shape.header_line - 1], shape.separator)
    if header is None or not _header_holds(lines, shape, header):
        return lines
    end = _end_of_rows(lines, shape, texts, header)
    for number in range(shape.header_line + 1, end + 1):
        cells = _cells(lines, number, texts[number - 1], shape.separator)
        if cells is not None:
            _add_row(lines, shape, number, header, cells)
    return lines


def _cells(lines: Lines, number: int, text: str, separator: str) -> list[str] | None:
    """The cells of one line; None, with a problem noted, where it is no line of cells."""
    if not text.strip():
        lines.refuse(number, "is a blank line", "remove it")
        return None
    if any(ord(character) < 32 and character != "\t" for character in text):
        lines.refuse(number, "holds a control character", "send plain text")
        return None
    try:
        (cells,) = csv.reader([text], delimiter=separator, strict=True)
    except csv.Error as error:
        lines.refuse(number, f"cannot be parted into cells ({error})", "close its quotation marks")
        return None
    if any(len(cell) > LONGEST_CELL for cell in cells):
        lines.refuse(number, f"has a cell of over {LONGEST_CELL} characters", "shorten it")
        return None
    return cells


def _header_holds(lines: Lines, shape: Shape, header: Sequence[str]) -> bool:
    line = shape.header_line
    for name in dict.fromkeys(name for name in header if header.count(name) > 1):
        lines.refuse(line, "stands twice in the header", "keep one", column=name)
    for name in sorted(shape.columns - set(header)):
        lines.refuse(line, "is missing from the header", "add the column", column=name)
    for name in dict.fromkeys(header):
        if name not in shape.columns | shape.optional:
            lines.refuse(
                line,
                "is not a column of this layout",
                "remove it, or name it in the layout",
                column=name or "(empty name)",
            )
    return not lines.problems


def _end_of_rows(lines: Lines, shape: Shape, texts: Sequence[str], header: Sequence[str]) -> int:
    """The last line that may hold a row; checks what stands below it."""
    if shape.footer is None:
        return len(texts)
    start = shape.header_line + 1
    begins = (shape.footer.starts_with, '"' + shape.footer.starts_with)
    found = [n for n in range(start, len(texts) + 1) if texts[n - 1].startswith(begins)]
    if not found:
        lines.refuse(
            len(texts),
            f"is the end, and no line begins with {shape.footer.starts_with!r}",
            "the file was cut off: send it again",
        )
        return len(texts)
    foot = found[0]
    end = foot - 1
    while end >= start and not texts[end - 1]:
        end -= 1
    _check_below(lines, texts, foot, shape.separator, len(header))
    if shape.footer.rows_in_field is not None:
        _check_trailer(lines, shape, texts, foot, end - shape.header_line)
    return end


def _check_below(lines: Lines, texts: Sequence[str], foot: int, separator: str, width: int) -> None:
    for number in range(foot + 1, len(texts) + 1):
        if texts[number - 1].count(separator) + 1 >= width:
            lines.refuse(number, "is a row below the footer", "send the file again, whole")
    if len(texts) - foot > LONGEST_FOOTER:
        lines.refuse(foot, f"begins a footer of over {LONGEST_FOOTER} lines", "remove it")


def _check_trailer(lines: Lines, shape: Shape, texts: Sequence[str], foot: int, rows: int) -> None:
    assert shape.footer is not None
    assert shape.footer.rows_in_field is not None
    cells = texts[foot - 1].split(shape.separator)
    told = "".join(cells[shape.footer.rows_in_field - 1 :][:1])
    if len(texts) != foot:
        lines.refuse(foot, "is a trailer and not the last line", "send the file again, whole")
    if told.lstrip("0") != (str(rows) if rows else "") or not told:
        lines.refuse(
            foot,
            f"does not count the {rows} rows that are there",
            "the file was cut off or joined: send it again",
            value=texts[foot - 1],
        )


def _add_row(
    lines: Lines, shape: Shape, number: int, header: Sequence[str], cells: Sequence[str]
) -> None:
    if list(cells) == list(header):
        lines.refuse(number, "repeats the header", "send each file by itself")
        return
    if len(cells) != len(header):
        lines.refuse(
            number,
            f"has {len(cells)} cells, the header has {len(header)}",
            "send every cell of every row",
        )
        return
    row = {**dict.fromkeys(shape.optional, ""), **dict(zip(header, cells, strict=True))}
    for column, cell in row.items():
        try:
            if cell not in shape.empty:
                refuse_formula(cell)
        except FieldError as error:
            lines.refuse(number, error.reason, error.remedy, column=column, value=cell)
            return
    lines.rows[number] = row
