"""What is barred from trading now, kept until a file or the clock may have changed it.

The gateway asks before each sending, so the book is read again only when a file came in,
an entry of the list begins to bind, or the day ends.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, select

from domain.facts import About
from domain.restrictions import Bars, begins, reach
from vault.book_files import current_files, newest_of
from vault.book_read import read_accounts, read_restrictions, read_securities
from vault.book_schema import book_fact, ingested_file
from vault.lookup import first_row

_NEWEST_FILE = f"select coalesce(max(number), 0) from {ingested_file.name}"  # noqa: S608 - our own name


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bars, and for which files and until when they are true."""

    newest_file: int
    since: datetime
    until: datetime
    bars: Bars


class KnownBars:
    """Of one vault; replaced whole, so that any thread may look."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None

    def at(self, connection: Connection, at: datetime) -> Bars:
        """What is barred at an instant, as this transaction sees the book."""
        newest = first_row(connection, _NEWEST_FILE)[0]
        kept = self._kept
        if kept is not None and kept.newest_file == newest and kept.since <= at < kept.until:
            return kept.bars
        kept = _read(connection, newest, at)
        self._kept = kept
        return kept.bars


def _read(connection: Connection, newest_file: int, at: datetime) -> _Kept:
    day = at.astimezone(UTC).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), UTC)
    entries = read_restrictions(connection, day)
    changes = [instant for entry in entries if at < (instant := begins(entry))]
    bars: Bars = {}
    if entries:
        files = current_files(connection, day)
        households: dict[str, list[str]] = {}
        for account in read_accounts(connection, day):
            households.setdefault(account.household_id, []).append(account.account_id)
        facts = newest_of(files, "facts")
        query = select(book_fact.c.subject, book_fact.c.value).where(
            book_fact.c.file_number.in_([file.number for file in facts]),
            book_fact.c.about == About.ISSUER.value,
            book_fact.c.name == "parent",
        )
        parents = {row.subject: row.value for row in connection.execute(query)}
        securities = tuple(read_securities(connection, files).values())
        bars = reach(entries, securities, parents, households, at)
    return _Kept(newest_file, at, min([midnight, *changes]), bars)
