"""docs/examples/mandates_in_pictures.py runs, and its pictures show what they say."""

import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The pictures, and the numbers that they show."""
    folder = tmp_path_factory.mktemp("pictures")
    example = runpy.run_path(str(ROOT / "docs" / "examples" / "mandates_in_pictures.py"))
    return folder, *example["main"](folder)


def test_the_frontier_gives_up_return_for_less_risk(drawn):
    _, points, _, _ = drawn

    risks, returns = zip(*points, strict=True)
    assert list(risks) == sorted(risks, reverse=True)
    assert list(returns) == sorted(returns, reverse=True)
    assert risks[0] > risks[-1] * 1.2


def test_risk_is_borne_as_each_aim_says(drawn):
    _, _, found, _ = drawn

    for parts in found.values():
        assert sum(parts.values()) == pytest.approx(1, abs=1e-9)
    assert found["risk parity"]["Consumer Staples"] == pytest.approx(4 / 20, abs=0.01)
    assert max(found["minimum variance"].values()) > max(found["track the model"].values())


def test_every_constraint_that_binds_costs_something(drawn):
    *_, found = drawn

    assert len(found) == 3
    assert min(found.values()) > 0


def test_the_pictures_of_the_page_are_those_of_the_example(drawn):
    """Labels and titles; curves may differ in their last digits from machine to machine."""
    folder, *_ = drawn

    for path in sorted(folder.iterdir()):
        kept = ROOT / "docs" / "pictures" / path.name
        assert kept.exists(), "python docs/examples/mandates_in_pictures.py docs/pictures"
        assert words(path)[-1] == words(kept)[-1]
        assert len(words(path)) == len(words(kept))


def words(path: Path) -> list[str]:
    """What is written in a picture, its title last or nearly so."""
    texts = (e.text for e in ET.parse(path).iter() if e.tag.endswith("text"))
    return [text for text in texts if text]
