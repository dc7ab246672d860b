"""The bundled book, ingested and taken over once; tests get a copy of the database."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ledger import postings
from vault.custody import SqlCustody
from vault.engine import open_engine
from vault.ingest import IngestReport, Layout, ingest, load_layouts
from vault.ledger import SqlLedger
from vault.shared import shared

DATA = Path(__file__).parents[2] / "data"
TODAY = date(2022, 11, 30)
AT = datetime(2022, 11, 30, 20, 44, tzinfo=UTC)


def take_over(connection: Connection) -> None:
    """What oms/take_over.py does, without its audit entry."""
    ledger, custody = SqlLedger(shared(connection)), SqlCustody(connection)
    for position in custody.newest(TODAY):
        ledger.append(postings.opening(position, AT))
    for flow in custody.flows_to_post(TODAY):
        ledger.append(flow)


@pytest.fixture(scope="session")
def layouts() -> tuple[Layout, ...]:
    return load_layouts(DATA / "layouts")


@pytest.fixture(scope="session")
def ingest_bundle(layouts) -> Callable[[Connection], IngestReport]:
    def run(connection: Connection) -> IngestReport:
        paths = [DATA / "book", DATA / "custodians"]
        return ingest(connection, paths, layouts=layouts, at=AT)

    return run


@pytest.fixture(scope="session")
def bundle_template(sqlite_template, tmp_path_factory, ingest_bundle) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "book.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        ingest_bundle(connection)
        take_over(connection)
    engine.dispose()
    return path


@pytest.fixture
def bundle(bundle_template, tmp_path) -> Iterator[Connection]:
    """A transaction on a copy of the bundled book, taken over; rolled back at the end."""
    path = tmp_path / "bundle.db"
    for suffix in ("", "-wal", "-shm"):
        if Path(f"{bundle_template}{suffix}").exists():
            shutil.copy(f"{bundle_template}{suffix}", f"{path}{suffix}")
    engine = open_engine(f"sqlite:///{path}")
    with engine.connect() as connection, connection.begin():
        yield connection
    engine.dispose()


@pytest.fixture
def empty(new_sqlite_url) -> Iterator[Connection]:
    """A transaction on an empty vault."""
    engine = open_engine(new_sqlite_url())
    with engine.begin() as connection:
        yield connection
    engine.dispose()
