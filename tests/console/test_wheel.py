"""The wheel: what a checkout has and a program needs is in it."""

import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETUP = ConfigParser(interpolation=None)
SETUP.read(ROOT / "setup.cfg")
ROOMS = [name.removesuffix("*") for name in SETUP["options.packages.find"]["include"].split()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built in a copy, because building writes beside the sources."""
    copy, target = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in (*ROOMS, "data"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"),
            *("--no-cache-dir", "--wheel-dir", target, copy),
        ],
        check=True,
        capture_output=True,
    )
    [path] = target.glob("trimtab-*.whl")
    with zipfile.ZipFile(path) as file:
        yield file


def test_the_wheel_has_every_file_of_every_room(wheel):
    there = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert there - set(wheel.namelist()) == set()


def test_the_wheel_has_the_bundled_book(wheel):
    prefix = "share/trimtab/"
    packed = {name.split(prefix)[1] for name in wheel.namelist() if prefix in name}
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "data").rglob("*")
        if path.is_file() and "make" not in path.parts
    }

    assert packed == there
