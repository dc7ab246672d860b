"""The terminal: whether it wants colour, and what must not reach it."""

import os
from typing import TextIO


def wants_colour(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose owner did not say NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def escaped(text: str) -> str:
    """`text` with everything unprintable escaped, so that data cannot drive the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
