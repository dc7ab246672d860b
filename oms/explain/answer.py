"""The shape of an explanation: sentences for people, facts for programs, gaps for both.

An explanation with a gap is still given, and says what is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under one heading."""

    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One answer. `facts` is plain JSON data; `gaps` names what no stored fact explains."""

    subject: str
    title: str
    sections: tuple[Section, ...]
    facts: dict[str, Any]
    gaps: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every link of the chain was found."""
        return not self.gaps

    def lines(self) -> tuple[str, ...]:
        """The text that a person reads."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        yield self.title
        for section in self.sections:
            if section.sentences:
                yield ""
                yield section.heading
                yield from (f"  {sentence}" for sentence in section.sentences)
        if self.gaps:
            yield ""
            yield "What is missing"
            yield from (f"  {gap}" for gap in self.gaps)
