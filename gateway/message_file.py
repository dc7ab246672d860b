"""The engine's message file: read and blotted in place, however many messages a day has.

It is mapped, not read: what is not asked for does not stay in memory.
"""

import re
from collections.abc import Iterator
from mmap import ACCESS_READ, ACCESS_WRITE, mmap
from pathlib import Path

_END_OF_MESSAGE = re.compile(rb"\x0110=\d{3}\x01")
_SECRET = re.compile(rb"(?<=\x01)(553|554|925)=([^\x01]*)")


def messages(path: Path) -> Iterator[bytes]:
    """Each without its end, oldest first, and what may be left behind the last one."""
    text = _mapped(path, ACCESS_READ)
    if text is None:
        return
    start = 0
    for end in _END_OF_MESSAGE.finditer(text):
        yield text[start : end.start()]
        start = end.end()
    yield text[start:]


def blot(path: Path) -> None:
    """Overwrite user names and passwords; lengths and offsets stay."""
    text = _mapped(path, ACCESS_WRITE)
    if text is None:
        return
    for match in _SECRET.finditer(text):
        if match[2].strip(b"*"):
            text[match.start(2) : match.end(2)] = b"*" * len(match[2])


def _mapped(path: Path, access: int) -> mmap | None:
    """None for a file that is missing or empty. It is unmapped with its last reference."""
    if not path.exists() or not path.stat().st_size:
        return None
    with path.open("rb" if access == ACCESS_READ else "r+b") as stream:
        return mmap(stream.fileno(), 0, access=access)
