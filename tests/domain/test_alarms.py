"""Alarms: every kind has a level, and the page on the log says which."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from domain.alarms import LEVELS, Level, level_of

ROOT = Path(__file__).parents[2]
# By name: the place of the kind among the arguments.
MAKERS = {"Alarm": 0, "_alarm": 1, "alarm_about": 1}
# Those that are made of another value's kind, or of an enumeration's.
ELSEWHERE = {
    "allocation_differs",
    "drop_copy_differs",
    "drop_copy_missing",
    "drop_copy_unmatched",
    "execution_busted",
    "execution_corrected",
    "gap_not_filled",
    "orders_of_failed_run",
    "session_down",
    "session_flooded",
    "session_silent",
    "unknown_execution_changed",
}


def kinds_in_the_code() -> Iterator[str]:
    for room in ("domain", "oms", "gateway"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield from kinds_of(node)


def kinds_of(call: ast.Call) -> Iterator[str]:
    place = MAKERS.get(call.func.id)
    if place is None:
        return
    given = [keyword.value for keyword in call.keywords if keyword.arg == "kind"]
    for value in given or call.args[place : place + 1]:
        if isinstance(value, ast.Constant):
            yield value.value


def test_every_alarm_of_the_code_has_a_level_and_no_level_is_of_nothing():
    assert {*kinds_in_the_code(), *ELSEWHERE} == LEVELS.keys()


def test_an_alarm_that_nobody_knows_is_an_error():
    assert level_of("never_heard_of") is Level.ERROR


def test_every_alarm_that_a_person_must_act_on_has_a_remedy_on_a_page():
    pages = (ROOT / "docs" / name for name in ("orders.md", "brokers.md"))
    lines = "\n".join(page.read_text("utf-8") for page in pages).splitlines()
    told = {kind for line in lines for kind in re.findall(r"`(\w+)`", line) if line[:1] == "|"}

    must_act = {kind for kind, level in LEVELS.items() if level is Level.ERROR}
    assert must_act - told == {"session_flooded"}  # In words: brokers.md, what a venue cannot do.


def test_the_page_on_the_log_lists_every_alarm_under_its_level():
    page = (ROOT / "docs" / "log.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (info|warning|error): [^|]* \| (.*) \|$", page, re.MULTILINE))

    told = {kind: Level(level) for level, kinds in rows.items() for kind in kinds.split(", ")}
    assert told == {f"`{kind}`": level for kind, level in LEVELS.items()}
