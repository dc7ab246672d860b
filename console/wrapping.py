"""Wrapping: long sentences on a terminal, with what stands in front of them left free below."""

import shutil
import textwrap
from typing import IO

WIDEST = 110  # Columns; longer lines are hard to read.
PIPED = 100  # Columns when nobody watches.
_UNBROKEN_PERCENT = "\u00a0%"  # A number and its percent sign stay together.


def columns_of(stream: IO[str]) -> int:
    """How wide a text for `stream` may be."""
    if not stream.isatty():
        return PIPED
    return min(shutil.get_terminal_size((PIPED, 24)).columns, WIDEST)


def hanging(front: str, text: str, width: int) -> list[str]:
    """`front` and `text` in lines of at most `width` columns; a word is never cut.

    The lines after the first begin below the text. A narrow terminal gets less room in front.
    """
    indent = min(len(front), width // 3)
    lines = textwrap.wrap(
        text.replace(" %", _UNBROKEN_PERCENT),
        max(width, 20),
        initial_indent=front,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    found = [line.replace(_UNBROKEN_PERCENT, " %").rstrip() for line in lines]
    return found or [front.rstrip()]
