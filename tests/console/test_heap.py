"""What C's heap holds free goes back to the system, where the C library can."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from console.heap import give_back

_HAS_TRIM = hasattr(ctypes.CDLL(None), "malloc_trim")

# 60 MB in pieces of three quarters of a page; one in a hundred stays, the last among them.
_MAKE_HOLES = """
import ctypes
from benchmarks.gateway_load import resident_mb
from console.heap import give_back

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
pieces = [libc.malloc(3000) for _ in range(20_001)]
for piece in pieces:
    ctypes.memset(piece, 1, 3000)
for number, piece in enumerate(pieces):
    if number % 100:
        libc.free(piece)
before = resident_mb()
assert give_back()
print(before - resident_mb())
"""


@pytest.mark.skipif(not _HAS_TRIM, reason="this C library keeps no holes to give back")
def test_pages_between_pieces_that_are_in_use_go_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MAKE_HOLES],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )

    assert float(done.stdout) > 40


def test_a_c_library_without_a_way_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())

    assert not give_back()
