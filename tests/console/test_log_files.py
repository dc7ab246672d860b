"""Rotation and reading: no line is lost or shown twice."""

import json
import logging
import multiprocessing
import os
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.log_file import LogFile, rotated
from console.log_filter import Filter
from console.log_reader import LogReader

EVERYTHING = Filter()


def handler(path, max_bytes=300, keep=3):
    found = LogFile(path, max_bytes=max_bytes, keep=keep)
    found.setFormatter(logging.Formatter("%(message)s"))
    return found


def emit(log, number, **fields):
    message = json.dumps({"event": "counted", "n": number, **fields})
    log.emit(logging.LogRecord("t", logging.INFO, "f", 1, message, None, None))


@pytest.fixture
def reading():
    """Opens readers, and closes them afterwards."""
    with ExitStack() as stack:
        yield lambda path, wanted=EVERYTHING: stack.enter_context(LogReader(path, wanted))


def numbers(records):
    return [record.fields["n"] for record in records]


class _NothingNewError(Exception):
    pass


def look(reader):
    """Everything that is new to `reader`."""

    def idle(_seconds):
        raise _NothingNewError

    found = []
    stream = reader.follow(sleep=idle)
    while (record := _next(stream)) is not None:
        found.append(record)
    return found


def _next(stream):
    try:
        return next(stream)
    except _NothingNewError:
        return None


def test_a_full_file_is_renamed_and_so_many_are_kept(tmp_path):
    path = tmp_path / "log"
    log = handler(path)

    for number in range(100):
        emit(log, number)
    log.close()

    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.1", "log.2", "log.3"]
    assert all(p.stat().st_size <= 300 for p in tmp_path.iterdir())
    assert oct(path.stat().st_mode)[-3:] == "600"


def test_a_file_that_somebody_else_renamed_is_reopened(tmp_path):
    path = tmp_path / "log"
    log = handler(path, max_bytes=10_000)
    emit(log, 1)

    path.rename(tmp_path / "log.1")
    emit(log, 2)
    log.close()

    assert json.loads(path.read_text())["n"] == 2


def test_a_line_longer_than_the_limit_is_written_whole(tmp_path):
    path = tmp_path / "log"
    log = handler(path, max_bytes=50)

    emit(log, 1, text="x" * 500)
    emit(log, 2)
    log.close()

    assert json.loads(rotated(path, 1).read_text())["n"] == 1
    assert json.loads(path.read_text())["n"] == 2


def _write_many(path, start):
    log = handler(path, max_bytes=2000, keep=50)
    for number in range(start, start + 300):
        emit(log, number)
    log.close()


def test_two_processes_that_rotate_lose_nothing(tmp_path, reading):
    path = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(path, start)) for start in (0, 1000)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)

    found = sorted(numbers(reading(path).last(10_000)))
    assert found == [*range(300), *range(1000, 1300)]


def test_the_last_lines_reach_into_old_files(tmp_path, reading):
    path = tmp_path / "log"
    log = handler(path, keep=10)
    for number in range(40):
        emit(log, number)
    log.close()

    assert numbers(reading(path).last(25)) == list(range(15, 40))


def test_following_goes_on_over_a_rotation(tmp_path, reading):
    path = tmp_path / "log"
    log = handler(path, max_bytes=10_000)
    reader = reading(path)
    emit(log, 1)
    reader.last(10)

    emit(log, 2)
    path.rename(rotated(path, 1))
    emit(log, 3)
    log.close()

    assert numbers(look(reader)) == [2, 3]


def test_following_goes_on_over_a_truncation(tmp_path, reading):
    path = tmp_path / "log"
    path.write_text('{"n": 1}\n{"n": 2}\n')
    reader = reading(path)
    reader.last(10)

    os.truncate(path, 0)
    with path.open("a") as file:
        file.write('{"n": 3}\n')

    assert numbers(look(reader)) == [3]


def test_a_line_that_is_still_being_written_waits(tmp_path, reading):
    path = tmp_path / "log"
    path.write_text('{"n": 1}\n{"n"')
    reader = reading(path)

    assert numbers(reader.last(10)) == [1]
    with path.open("a") as file:
        file.write(": 2}\n")
    assert numbers(look(reader)) == [2]


def test_a_log_that_appears_later_is_followed_from_its_first_line(tmp_path, reading):
    path = tmp_path / "log"
    reader = reading(path)

    assert reader.last(10) == []
    assert look(reader) == []
    path.write_text('{"n": 1}\n')
    assert numbers(look(reader)) == [1]


@settings(deadline=None, max_examples=40)
@given(bursts=st.lists(st.integers(0, 12), min_size=1, max_size=12), limit=st.integers(30, 200))
def test_whatever_the_rotation_each_line_is_followed_once(tmp_path_factory, bursts, limit):
    path = tmp_path_factory.mktemp("log") / "log"
    log = handler(path, max_bytes=limit, keep=200)
    written, seen = 0, []

    with LogReader(path, EVERYTHING) as reader:
        reader.last(1)
        for burst in bursts:
            for _ in range(burst):
                emit(log, written)
                written += 1
            seen += numbers(look(reader))
    log.close()

    assert seen == list(range(written))


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (Filter(run="abc"), [1, 2]),
        (Filter(account="H1"), [2, 3]),
        (Filter(order="X-1"), [4]),
        (Filter(level="warning"), [3]),
        (Filter(fix_only=True), [4]),
        (Filter(run="abc", account="H1"), [2]),
    ],
)
def test_filters_pass_what_they_say(tmp_path, reading, wanted, passes):
    rows = [
        {"n": 1, "level": "info", "run": "00abc1"},
        {"n": 2, "level": "info", "run": "00abc1", "account": "H1"},
        {"n": 3, "level": "error", "accounts": ["H0", "H1"]},
        {"n": 4, "level": "info", "event": "fix.in", "order": "X-1"},
    ]
    path = tmp_path / "log"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert numbers(reading(path, wanted).last(10)) == passes


def test_a_line_of_another_program_is_shown_as_it_is(tmp_path, reading):
    path = tmp_path / "log"
    path.write_text("not json\n[1]\n")

    assert [r.line for r in reading(path).last(5)] == ["not json", "[1]"]
