"""The simulated venues' own files: `venues.toml` and a list of what trades at which price.

The venues read nothing of ours, so that a bug cannot hide on both ends.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from domain.errors import BadInputError, MissingError
from vault.ingest.lines import RawFile
from vault.ingest.master import parse_master
from vault.ingest.rows import Known, Parsed

HEADER = ("symbol", "security_id", "price", "tick", "lot_size", "average_daily_volume")
FEE_PER_SHARE = "0.0030"  # Dollars, what every venue charges.


def require_readable(book: Path) -> None:
    """Raise unless ingest would take the securities and prices of a folder."""
    securities = _parsed(book / "securities.csv", Known())
    ids = {str(row.values["symbol"]): str(row.values["security_id"]) for row in securities.rows}
    prices = _parsed(book / "prices.csv", Known(symbols=ids))
    if not securities.rows or not prices.rows:
        raise BadInputError(f"{book} has no securities or no prices; send the whole files")


def _parsed(path: Path, known: Known) -> Parsed:
    try:
        raw = RawFile(path.name, path.read_bytes())
    except OSError as error:
        raise MissingError(
            f"{path} cannot be read ({error.strerror}); docs/book.md says what stands in it"
        ) from error
    parsed = parse_master(raw, path.stem, None, known)
    if parsed.problems:
        raise BadInputError("\n".join(str(problem) for problem in parsed.problems[:10]))
    return parsed


def last_day(book: Path) -> date:
    """The last day of the book's prices."""
    return max(date.fromisoformat(row["day"]) for row in _rows(book / "prices.csv"))


def write_venues(
    directory: Path, book: Path, ports: Mapping[str, int], *, start: datetime | None = None
) -> tuple[Path, ...]:
    """Write `venues.toml` and the price lists beside it; venues.toml comes first.

    With `start` the venues rehearse: their clock begins there. The prices are the
    closes of the book's last day.
    """
    day = last_day(book)
    lists = tuple(_write_prices(directory, book, venue, day) for venue in ports)
    path = directory / "venues.toml"
    path.write_text("\n".join(_lines(ports, lists, day, start)) + "\n", "utf-8")
    return (path, *lists)


def _lines(
    ports: Mapping[str, int], lists: tuple[Path, ...], day: date, start: datetime | None
) -> Iterator[str]:
    yield "# The simulated venues, run by `trimtab venues`; simulator/sample.toml has every key."
    yield f"# The price lists hold the closes of {day}; put your own securities and prices there."
    yield f"seed = {day:%Y%m%d}"
    yield 'state_dir = "venues"'
    yield 'log_file = "log/venues.jsonl"'
    if start is not None:
        yield from ("", "[clock]", f'start = "{start:%Y-%m-%dT%H:%M:%SZ}"')
    else:
        yield from ("", "# With a [clock] in trimtab.toml the venues need the same one:")
        yield from ("# [clock]", f'# start = "{day}T20:44:00Z"')
    yield from ("", "[control]", "port = 0")
    for (venue, port), prices in zip(ports.items(), lists, strict=True):
        yield from ("", "[[venue]]", f'name = "{venue}"', f"port = {port}")
        yield from ('clients = ["TRIMTAB"]', f'prices = "{prices.name}"')
        yield f"fee_per_share = {FEE_PER_SHARE}"


def _write_prices(directory: Path, book: Path, venue: str, day: date) -> Path:
    """What trades at `venue`; a venue that the book does not know trades everything."""
    closes = {r["symbol"]: r["close"] for r in _rows(book / "prices.csv") if r["day"] == str(day)}
    securities = [row for row in _rows(book / "securities.csv") if row["symbol"] in closes]
    own = [row for row in securities if row["venue"] == venue] or securities
    path = directory / f"prices_{venue}.csv"
    with path.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(HEADER)
        for row in own:
            rest = (row["tick"], row["lot_size"], row["average_daily_volume"])
            writer.writerow((row["symbol"], row["isin"], closes[row["symbol"]], *rest))
    return path


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
