"""Tables as wide as a terminal: nothing is cut off.

Where a row is too wide its sentences are wrapped beside its figures or below them, and figures
that still have no place go into a second line. A figure is never broken.
"""

from collections.abc import Callable, Sequence

from console.wrapping import hanging

_GAP = "  "
_INDENT = "    "
_LONGEST_CELL = 24  # What is longer and has blanks is a sentence.
_NARROWEST_SENTENCE = 32

Paint = Callable[[str], str]


def laid_out(
    rows: Sequence[Sequence[str]], numbers: Sequence[bool], width: int, paint: Paint = str
) -> list[list[str]]:
    """The lines of each row, the headings' first.

    `numbers` says which columns are aligned at their right; `paint` colours a cell.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    everything = list(range(len(widths)))
    fits = _width_of(everything, widths) <= width
    sentences = [] if fits else [i for i in everything if _is_sentence(i, rows)]
    figures = [i for i in everything if i not in sentences]
    lines = [everything] if fits else _packed(figures, widths, width)
    room = width - _width_of(figures, widths) - len(_GAP)
    beside = len(lines) == 1 and room >= _NARROWEST_SENTENCE

    def cell(row: Sequence[str], i: int) -> str:
        blanks = " " * (widths[i] - len(row[i]))
        return blanks + paint(row[i]) if numbers[i] else paint(row[i]) + blanks

    def block(row: Sequence[str]) -> list[str]:
        told = [_GAP.join(cell(row, i) for i in line) for line in lines]
        space = room if beside else width - len(_INDENT)
        said = [line for i in sentences for line in _wrapped(row[i], space)]
        if beside:
            return _side_by_side(told[0], said, width - room)
        return [told[0], *(_INDENT + line for line in [*told[1:], *said] if line.strip())]

    return [[line.rstrip() for line in block(row)] for row in rows]


def _side_by_side(figures: str, said: Sequence[str], start: int) -> list[str]:
    first, *others = said or [""]
    return [figures + _GAP + first, *(" " * start + other for other in others)]


def _wrapped(sentence: str, width: int) -> list[str]:
    return hanging("", sentence, width) if sentence else []


def _packed(columns: Sequence[int], widths: Sequence[int], width: int) -> list[list[int]]:
    """The columns line by line, as many on each as there is room for."""
    lines: list[list[int]] = [[]]
    for i in columns:
        room = width - (len(_INDENT) if len(lines) > 1 else 0)
        if lines[-1] and _width_of([*lines[-1], i], widths) > room:
            lines.append([])
        lines[-1].append(i)
    return lines


def _width_of(columns: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[i] for i in columns) + len(_GAP) * (len(columns) - 1)


def _is_sentence(i: int, rows: Sequence[Sequence[str]]) -> bool:
    return any(len(row[i]) > _LONGEST_CELL and " " in row[i] for row in rows)
