"""facts.csv: what compliance rules know beyond the other files, one value a line.

Securities are named by their symbols, wherever in a line they stand. Words that rules
know are checked; the firm's own words begin with `x_`.
"""

from collections.abc import Mapping
from datetime import date

from domain.fact_words import BY_SECURITY, NAMES_SECURITY, VOCABULARY, Word, read_value, word_of
from domain.facts import About
from vault.ingest.fields import nearest, text
from vault.ingest.lines import Lines, RawFile, Shape, read
from vault.ingest.rows import Known, Parsed, Row, parse_cells, refuse_doubled

COLUMNS = ("about", "subject", "fact", "of", "value")


def parse_facts(raw: RawFile, as_of: date | None, known: Known) -> Parsed:
    """Every line as a fact, or why not."""
    lines = read(raw, Shape(columns=frozenset(COLUMNS)))
    rows = [
        Row("book_fact", line, values)
        for line, cells in lines.rows.items()
        if (values := _fact(lines, line, cells, known)) is not None
    ]
    refuse_doubled(lines, rows, "about", "subject", "name", "of")
    return Parsed(kind="facts", as_of=as_of, rows=tuple(rows), problems=lines.in_order())


def _fact(
    lines: Lines, line: int, cells: Mapping[str, str], known: Known
) -> dict[str, object] | None:
    count = len(lines.problems)
    plain = parse_cells(lines, line, cells, {name: (name, _word) for name in COLUMNS})
    if plain is None:
        return None
    about, subject, name, of, value = (str(plain[column]) for column in COLUMNS)
    if about not in tuple(About):
        lines.refuse(
            line,
            "is nothing that facts are about",
            nearest(about, tuple(About)),
            column="about",
            value=about,
        )
        return None
    word = word_of(About(about), name)
    if word is None:
        lines.refuse(
            line,
            f"is no fact about a {about}",
            nearest(name, VOCABULARY[About(about)]),
            column="fact",
            value=name,
        )
        return None
    by_security = bool(of) and name in BY_SECURITY
    found: dict[str, object] = {
        "about": about,
        "subject": _subject(lines, line, About(about), subject, known),
        "name": name,
        "of": _security(lines, line, "of", of, known) if by_security else of,
        "value": _security(lines, line, "value", value, known)
        if name in NAMES_SECURITY
        else _value(lines, line, value, word),
    }
    return found if len(lines.problems) == count else None


def _value(lines: Lines, line: int, value: str, word: Word) -> str:
    try:
        read_value(word, value)
    except ValueError as error:
        lines.refuse(line, str(error), f"give a {word.kind}", column="value", value=value)
    return value


def _subject(lines: Lines, line: int, about: About, subject: str, known: Known) -> str:
    if about is About.SECURITY:
        return _security(lines, line, "subject", subject, known)
    if about is About.ACCOUNT and subject not in known.accounts:
        lines.refuse(
            line,
            "is no known account",
            nearest(subject, known.accounts),
            column="subject",
            value=subject,
        )
    return subject


def _security(lines: Lines, line: int, column: str, symbol: str, known: Known) -> str:
    if symbol not in known.symbols:
        lines.refuse(
            line,
            "is no symbol of the security master",
            nearest(symbol, known.symbols),
            column=column,
            value=symbol,
        )
    return known.symbols.get(symbol, symbol)


def _word(cell: str) -> str:
    return text(cell) if cell else ""
