"""What ingesting said: per file accepted, unchanged or refused, with every problem."""

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import BadInputError


class Fate(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"  # The same content was accepted before.
    REFUSED = "refused"  # Nothing of it was stored.


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason to refuse a file: where, what stands there, why not, and what to do."""

    file: str
    line: int  # 0: the file as a whole.
    field: str  # "" where it is the line as a whole.
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:" if self.line else self.file
        if self.field and not self.line:
            place += ":"
        what = f" {self.field}" if self.field else ""
        shown = f" {_shown(self.value)}" if self.value else ""
        return f"{place}{what}{shown} {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file's fate."""

    file: str
    kind: str  # "prices", "positions", ...; "" where nothing says what the file is.
    fate: Fate
    rows: int
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """Every file's fate, in the order in which they were read."""

    files: tuple[FileReport, ...]

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files of which nothing was stored."""
        return tuple(file for file in self.files if file.fate is Fate.REFUSED)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of every file."""
        return tuple(problem for file in self.files for problem in file.problems)


class LayoutError(BadInputError):
    """A layout file cannot be used."""


def _shown(value: str) -> str:
    """The value in quotes, short and without control characters."""
    return repr(value if len(value) <= 60 else value[:57] + "...")
