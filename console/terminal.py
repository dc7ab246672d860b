"""The terminal: whether it wants colour, and what must not reach it."""

import os
from typing import TextIO

RESET, BOLD, DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN = (f"\x1b[{number}m" for number in range(31, 37))


def wants_colour(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose owner did not say NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def escaped(text: str) -> str:
    """`text` with everything unprintable escaped, so that data cannot drive the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
