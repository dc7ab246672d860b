"""The whole day on PostgreSQL: the same service, killed once in the middle, on a server."""

import psycopg
import pytest

from console.opening import open_service
from tests.system.desk import CLERK, FREE, THIN, Desk, book_files
from vault import migrate

pytestmark = pytest.mark.integration


@pytest.fixture
def url(postgres_url):
    """A database of this test's own."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database if exists whole_day with (force)")
        connection.execute("create database whole_day")
    found = postgres_url.replace("/postgres?", "/whole_day?")
    migrate.upgrade(found)
    return found


def test_a_whole_day_with_a_kill_ends_well_on_postgres(book, tmp_path, url):
    edits = {**FREE, "url": f'url = "{url}"'}
    with Desk(book, tmp_path / "desk", edits=edits, level_share=THIN) as desk:
        desk.config.files.anchor.unlink()  # It belongs to the template's own database.
        with open_service(desk.config, write=True) as service:
            service.ingest(book_files(), CLERK, replace=False)
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until_filling()
        desk.kill(desk.service)

        desk.serve()

        desk.end_well(run)
