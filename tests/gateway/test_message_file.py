"""The engine's message file is as long as the session's day; reading it takes no such memory."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.message_file import blot, messages

MEGABYTE = 1 << 20
LOGON = b"8=FIX.4.4\x0135=A\x01553=me\x01554=s3cret\x0110=000\x01"
ORDER = b"8=FIX.4.4\x0135=D\x0134=2\x0111=C1\x0158=" + b"x" * 1000 + b"\x0110=000\x01"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Twenty megabytes."""
    path = tmp_path / "FIX.4.4-TRIMTAB-XSIM.body"
    path.write_bytes(LOGON + ORDER * 20_000 + LOGON)
    return path


def peak_bytes(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_day_of_messages_is_read_without_being_kept(day: Path) -> None:
    found: list[int] = []

    peak = peak_bytes(lambda: found.append(sum(1 for _ in messages(day))))

    assert found == [20_003]  # What is behind the last one is nothing here.
    assert peak < MEGABYTE


def test_a_day_is_blotted_without_being_kept(day: Path) -> None:
    size = day.stat().st_size

    peak = peak_bytes(lambda: blot(day))

    assert peak < MEGABYTE
    assert day.stat().st_size == size
    assert b"s3cret" not in day.read_bytes()


def test_what_is_behind_the_last_whole_message_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(LOGON + b"8=FIX.4.4\x0135=D\x0134")

    assert list(messages(path)) == [
        LOGON.removesuffix(b"\x0110=000\x01"),
        b"8=FIX.4.4\x0135=D\x0134",
    ]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_without_messages_has_none(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "body"
    if is_there:
        path.touch()

    blot(path)

    assert list(messages(path)) == []
    assert path.exists() is is_there
