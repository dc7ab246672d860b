"""The bundled book, ingested once for all whole days."""

from pathlib import Path

import pytest

from tests.system.desk import make_template


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder at the morning of the day: configured, migrated, the book taken in."""
    directory = tmp_path_factory.mktemp("book") / "desk"
    make_template(directory)
    return directory
