"""docs/rules.md says what is true: its rule loads, its lines are read, its tables are complete."""

import os
import re
import subprocess
import sys
from pathlib import Path

from oms.compliance.conditions import Condition
from oms.compliance.load import read_rules
from oms.compliance.page import page
from oms.compliance.rule_types import RULE_TYPES
from oms.compliance.scene import read_scene

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def test_the_rule_in_ten_lines_loads_and_holds():
    (text,) = blocks("toml")

    (rule,) = read_rules(text.encode(), "own.toml")

    assert rule.rule_id == "semiconductors-watch"


def test_the_rule_in_ten_lines_works_from_a_clean_directory(tmp_path):
    """The very words of the page, through the command that it tells of."""
    (text,) = blocks("toml")
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")

    def rules(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "console.main", "rules", *arguments]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    assert rules("check", "own.toml").stdout == "1 rules, and their 1 examples hold\n"
    assert "ok" in rules("test", "own.toml").stdout
    broken = text.replace("0.201", "0.202")
    (tmp_path / "own.toml").write_text(broken, encoding="utf-8")
    refused = rules("check", "own.toml")
    assert refused.returncode == 65
    assert "own.toml:9: rule semiconductors-watch fails its example" in refused.stderr


def test_every_line_of_the_example_language_is_read():
    (lines,) = blocks("")
    known = [line for line in lines.splitlines() if line != "ALFA has no price"]

    scene = read_scene("BETA costs 1\n" + "\n".join(known))

    assert len(scene.intents) == len(scene.earlier) == len(scene.recommendations) == 1
    assert scene.snapshot.facts
    assert read_scene("ALFA costs 10\nALFA has no price").snapshot.prices == ()


def test_every_condition_of_the_page_is_one():
    (lines,) = blocks("conditions")

    for line in lines.splitlines():
        assert str(Condition.parse(line)) == line


def test_the_page_of_types_and_packs_is_what_the_code_says():
    """Run `trimtab rules page > docs/compliance.md` when this fails."""
    assert (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8") == page()
    assert all(f"| `{name}` |" in page() for name in RULE_TYPES)
