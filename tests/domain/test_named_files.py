"""What the pages and the rooms' own words name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "benchmarks", "console", "docs", "domain", "gateway", "ledger", "migrations",
    "oms", "optimizer", "scheduler", "simulator", "tests", "vault",
)  # fmt: skip
NAMED = re.compile(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)})/[\w/.-]*?\.(?:py|md|toml|cpp|svg))\b")
PAGES = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
FACES = tuple(face for room in ROOMS for face in (ROOT / room).rglob("__init__.py"))


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_a_page_names_files_that_exist(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("face", FACES, ids=place)
def test_a_package_says_what_it_is_and_names_parts_that_it_has(face: Path) -> None:
    words = ast.get_docstring(ast.parse(face.read_text(encoding="utf-8")))
    parts = {path.stem for path in face.parent.iterdir()}

    assert words
    assert [name for name in re.findall(r"`([a-z_]+)`", words) if name not in parts] == []
