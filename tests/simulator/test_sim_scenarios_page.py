"""docs/venues.md does what it says: its client is certified, its script plays."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.scenarios.library import read_library
from simulator.scenarios.reading import ScriptError
from tests.simulator.conftest import ROOT
from tests.simulator.test_sim_scenarios_outside import sample

PAGE = (ROOT / "docs" / "venues.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.integration
def test_the_client_of_the_page_is_certified_from_an_empty_directory(tmp_path):
    (program,) = blocks("python")
    (tmp_path / "certify.py").write_text(program, encoding="utf-8")
    with sample() as ready:
        port = str(ready["venues"]["XSIM"]["port"])
        done = subprocess.run(
            [sys.executable, "-I", "certify.py", port],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=30,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    verdict = done.stdout.splitlines()[-1]
    assert verdict == "D.1.a certified: every message was as the standard says"
    assert verdict in PAGE


def a_script(folder: Path, text: str) -> Path:
    (folder / "my.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_script_of_the_page_plays_under_every_name(tmp_path):
    script = next(block for block in blocks("toml") if 'id = "MY.1"' in block)

    library = read_library(a_script(tmp_path, script))

    assert library.find("my.1").steps == library.find("LATE").steps
    assert library.find("late/refused").steps[-1].says == "CancelReject"


@pytest.mark.parametrize(
    ("old", "new"), [("LastQty = 50", "LastQty = 50, LeavesQty = 5"), ('"New"', '"Nwe"')]
)
def test_a_mistake_in_it_is_refused_in_the_words_of_the_page(tmp_path, old, new):
    script = next(block for block in blocks("toml") if 'id = "MY.1"' in block)

    with pytest.raises(ScriptError) as refused:
        read_library(a_script(tmp_path, script.replace(old, new, 1)))

    said = str(refused.value).replace(str(tmp_path), "mine")
    assert re.sub(r"one of .*; did", "one of ...; did", said) in PAGE


def test_the_page_counts_the_scenarios_right():
    library = read_library()
    variants = sum(bool(script.variant_of) for script in library.scripts)

    assert f"{len(library.scripts) - variants} scenarios and {variants} variants" in PAGE
