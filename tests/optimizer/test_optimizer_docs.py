"""docs/optimizer.md points at what is there."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "optimizer.md").read_text(encoding="utf-8")


def test_every_link_of_the_page_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)

    assert len(links) > 20
    assert [link for link in links if "://" not in link and not (DOCS / link).exists()] == []


def test_every_module_that_the_formula_names_is_in_the_room():
    named = set(re.findall(r"\b(\w+\.py)\b", PAGE))
    room = {path.name for path in (DOCS.parent / "optimizer").rglob("*.py")}
    others = {
        path.name
        for folder in ("benchmarks", "scheduler", "tests", "docs")
        for path in (DOCS.parent / folder).rglob("*.py")
    }

    assert named <= room | others
