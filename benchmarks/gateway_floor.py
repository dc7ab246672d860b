"""The floor of an order: what its rows, its texts and its hashes cost in C alone.

    python -m benchmarks.gateway_floor --orders 3000
    python -m benchmarks.gateway_floor --json

A round of `gateway_path` is played first, and each commit of it noted. Then every row that it added
is written again by the bare driver: into a copy of the database as it was before, with its indexes
and foreign keys, WAL and `synchronous=FULL`, in the same transactions, table by table with
`executemany`. Its canonical texts are encoded again by json's encoder, each once a transaction,
and its audit entries hashed again. That reads nothing, decides nothing and changes no row: nobody
who keeps these facts in this form is faster. Beside it a bare QuickFIX pair in Python: half of its
throughput allows twice its time an order, of which the floor and the pair's own work take theirs.
"""

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from benchmarks import machine
from benchmarks.gateway_floor_rows import (
    Group,
    Played,
    copy,
    counts,
    groups,
    heights,
    tables_of,
    write_again,
)
from benchmarks.gateway_path import Steps
from benchmarks.gateway_rounds import Method, Row
from console.clocks import SystemClock
from console.log import close_logging, configure_logging
from console.pace import favour_the_wire
from domain.codec import instant_text
from vault.engine import sqlite_module

_WARM = 100
_MILLION = 1e6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER_BYTES = 8


def play(directory: Path, orders: int, group: int) -> Played:
    """One round of `gateway_path`, its commits noted."""
    configure_logging(directory / "log.jsonl")
    steps = Steps(directory, SystemClock())
    steps.group(_names(range(_WARM)))
    before, after = directory / "before.db", directory / "trimtab.db"
    copy(after, before)
    with closing(sqlite_module().connect(before)) as connection:
        tables = tables_of(connection)
        commits = [heights(connection, tables)]

    def note(connection: Connection) -> None:
        assert connection.connection.driver_connection is not None
        found = heights(connection.connection.driver_connection, tables)
        if found != commits[-1]:
            commits.append(found)

    began = sum(steps.seconds.values())
    event.listen(Engine, "commit", note)
    try:
        for first in range(_WARM, _WARM + orders, group):
            steps.group(_names(range(first, min(first + group, _WARM + orders))))
    finally:
        event.remove(Engine, "commit", note)
    seconds = sum(steps.seconds.values()) - began
    steps.vault.close()
    close_logging()
    return Played(before, after, commits, seconds / orders * _MILLION)


def encode_again(wanted: Sequence[Group]) -> float:
    """Processor seconds to encode every canonical text, where it is in two tables once."""
    texts = [
        text
        for group in wanted
        for text in dict.fromkeys(
            value
            for part in group
            for row in part.rows
            for value in row
            if isinstance(value, str) and value.startswith(("{", "["))
        )
    ]
    values = [json.loads(text) for text in texts]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    found, seconds = _timed(lambda: [encode(value) for value in values])
    assert found == texts, "the codec writes another form than json's encoder"
    return seconds


def hash_again(wanted: Sequence[Group]) -> float:
    """Processor seconds to hash every audit entry, as `domain.audit.hash_of` does."""
    entries = [
        dict(zip(part.columns, row, strict=True))
        for group in wanted
        for part in group
        if part.table == "audit_entry"
        for row in part.rows
    ]
    texts = [_audit_text(entry).encode() for entry in entries]
    found, seconds = _timed(lambda: [hashlib.sha256(text).hexdigest() for text in texts])
    assert found == [entry["hash"] for entry in entries], "an entry is hashed over another text"
    return seconds


def _audit_text(entry: dict[str, Any]) -> str:
    at = instant_text(_EPOCH + timedelta(microseconds=entry["at"]))
    words = (entry[name] for name in ("actor", "kind", "subject", "body", "previous_hash"))
    return f'[{entry["sequence"]},"{at}",{",".join(map(quoted, words))}]'


def _timed(act: Callable[[], list[str]]) -> tuple[list[str], float]:
    began = time.process_time()
    found = act()
    return found, time.process_time() - began


def _size(value: object) -> int:
    return len(value.encode()) if isinstance(value, str) else _NUMBER_BYTES * (value is not None)


def _per_table(wanted: Sequence[Group], orders: int) -> Iterator[Row]:
    tables = dict.fromkeys(part.table for group in wanted for part in group)
    for table in tables:
        rows = [row for group in wanted for p in group if p.table == table for row in p.rows]
        size = sum(_size(value) for row in rows for value in row)
        yield {
            "table": table,
            "rows": len(rows),
            "rows_per_order": round(len(rows) / orders, 2),
            "bytes_per_order": round(size / orders),
        }


def floor(directory: Path, orders: int, group: int, rounds: int) -> Row:
    """Play, write again as often as `rounds`, and say the medians in microseconds an order."""
    played = play(directory, orders, group)
    wanted = groups(played)
    tables = sorted({part.table for one in wanted for part in one})
    written = [write_again(played, wanted) for _ in range(rounds)]
    same = counts(directory / "floor.db", tables) == counts(played.after, tables)
    texts = statistics.median(encode_again(wanted) for _ in range(rounds))
    hashes = statistics.median(hash_again(wanted) for _ in range(rounds))
    rows = statistics.median(one["cpu"] for one in written)
    clock = statistics.median(one["clock"] for one in written)
    seconds = {"rows": rows, "texts": texts, "hashes": hashes, "floor": rows + texts + hashes}
    return {
        "orders": orders,
        "transactions": len(wanted),
        "same_row_counts": same,
        "disk_bytes_per_order": round(written[-1]["bytes"] / orders),
        "tables": list(_per_table(wanted, orders)),
        "us_per_order": {
            **{name: round(one / orders * _MILLION, 1) for name, one in seconds.items()},
            "rows_by_the_clock": round(clock / orders * _MILLION, 1),
            "ours": round(played.us_per_order, 1),
        },
    }


def beside_the_pair(found: Row, orders: int) -> Row:
    """What half of the bare pair's throughput leaves to Python, microseconds an order."""
    pair = Method("bare pair in Python", ("-m", "benchmarks.gateway_bare"))
    said = pair.round(orders, "--window", "1000").said
    allowed = 2 * _MILLION / float(said["orders_per_second"])
    own = float(said["cpu_us_per_order"])
    return {
        "pair_orders_per_second": round(float(said["orders_per_second"])),
        "half_allows": round(allowed, 1),
        "pair_itself": round(own, 1),
        "left_for_python": round(allowed - own - found["us_per_order"]["floor"], 1),
    }


def main() -> None:
    """Measure and tell; rows that are not the round's exit 1."""
    options, load = _options(), machine.load()
    favour_the_wire()
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        found = floor(Path(folder), options.orders, options.group, options.rounds)
    found["pair"] = beside_the_pair(found, options.pair_orders)
    _tell(options, {**found, "load_before": load, "load_after": machine.load()})
    if not found["same_row_counts"]:
        sys.exit(1)


def _tell(options: argparse.Namespace, found: Row) -> None:
    if options.json:
        json.dump({"benchmark": "gateway_floor", **found}, sys.stdout, indent=1)
        print()
        return
    print(f"{'table':20} {'rows/order':>10} {'bytes/order':>12}")
    for row in found["tables"]:
        print(f"{row['table']:20} {row['rows_per_order']:10} {row['bytes_per_order']:12}")
    for name, figure in (found["us_per_order"] | found["pair"]).items():
        print(f"{name.replace('_', ' '):24} {figure:10,}")
    beside = ("orders", "transactions", "same_row_counts", "disk_bytes_per_order")
    print(", ".join(f"{name} {found[name]}" for name in (*beside, "load_before", "load_after")))


def _names(numbers: range) -> list[str]:
    return [f"B{number:07d}" for number in numbers]


def _options() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print one JSON object")
    add("--orders", type=int, default=3000, help="orders, those to warm up aside")
    add("--group", type=int, default=100, help="orders in one transaction; a hundred at most")
    add("--rounds", type=int, default=3, help="times that all is written again; medians are told")
    add("--pair-orders", type=int, default=5000, help="orders of the bare pair")
    return parser.parse_args()


if __name__ == "__main__":
    main()
