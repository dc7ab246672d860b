import pytest

from gateway import engine
from tests.fuzz.target import Target


@pytest.fixture
def target(new_sqlite_url, tmp_path, monkeypatch):
    """A gateway that trusts a venue which is in the test's hands."""
    monkeypatch.setattr(engine, "_LOGOUT_SECONDS", 0)  # The venue says no farewell.
    with Target(tmp_path, new_sqlite_url()) as made:
        yield made
    made.require_sound()
