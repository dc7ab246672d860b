"""Sources: which file and line a fact was read from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A line of an ingested file; the file is named by its content, too.

    `sha256` is the hash of the file's bytes, so the same name with other
    content is another source. Line 1 is the first line of the file.
    """

    file: str
    line: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
