"""docs/rules.md says what is true: its rule loads, its lines are read, its tables are complete."""

import re
from pathlib import Path

from oms.compliance.scene import read_scene
from oms.compliance.load import RULE_TYPES, read_rules

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def test_the_rule_in_ten_lines_loads_and_holds():
    (text,) = blocks("toml")

    (rule,) = read_rules(text.encode(), "own.toml")

    assert rule.rule_id == "semiconductors-watch"


def test_every_line_of_the_example_language_is_read():
    (lines,) = blocks("")
    known = [line for line in lines.splitlines() if line != "ALFA has no price"]

    scene = read_scene("\n".join(known))

    assert len(scene.intents) == len(scene.earlier) == len(scene.recommendations) == 1
    assert read_scene("ALFA costs 10\nALFA has no price").snapshot.prices == ()


def test_every_rule_type_is_described():
    described = set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE))

    assert described == set(RULE_TYPES)
