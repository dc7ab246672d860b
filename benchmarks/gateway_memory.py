"""What a process holds: resident memory, what was asked for in C, and Python's own objects.

Resident memory alone cannot tell a leak from a cache that fills or a heap with holes.
"""

import ctypes
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.gateway_load import resident_mb

_MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One look. Sizes in megabytes; C's are None where the C library does not tell."""

    orders: int  # Sent so far.
    resident_mb: float
    heap_mb: float | None  # In use by C and C++, SQLite's pages and the engine's index among it.
    holes_mb: float | None  # Freed, and not given back to the system.
    objects: int  # Blocks that Python has handed out.


class _MallInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and later: malloc(3) tells what it counts."""

    _fields_: ClassVar[list[tuple[str, type[Any]]]] = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def held(orders: int) -> Held:
    """Look now."""
    heap, holes = _heap()
    return Held(
        orders=orders,
        resident_mb=resident_mb(),
        heap_mb=heap,
        holes_mb=holes,
        objects=sys.getallocatedblocks(),
    )


def _heap() -> tuple[float, float] | tuple[None, None]:
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        return None, None
    ask.restype = _MallInfo
    found = ask()
    in_use = (found.uordblks + found.hblkhd) / _MILLION
    return round(in_use, 2), round(found.fordblks / _MILLION, 2)
