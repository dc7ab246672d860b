"""What a demo's day left behind, read raw: the wire, the venues' files, the stored facts.

Plain SQL and JSON only; nothing of the product is imported.
"""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

MILLION = Decimal(1_000_000)
BUY, SELL = "1", "2"
ENDED = {"2", "3", "4", "8", "C"}  # Filled, done for the day, cancelled, rejected, expired.


@dataclass(frozen=True)
class Message:
    """One FIX message of the log: its place there, its direction and its tags."""

    place: int
    direction: str  # "in" or "out"
    at: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Fill:
    """One line of a venue's own end-of-day file."""

    exec_id: str
    cl_ord_id: str
    symbol: str
    side: str
    shares: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True)
class Day:
    messages: list[Message]
    fills: list[Fill]
    reports: list[dict[str, str]]  # Of the venues' journal, by tag: all that they said.
    intents: dict[str, dict[str, Any]]  # As stored before sending, by ClOrdID.
    allocations: dict[str, dict[str, Any]]  # The ledger's transaction, by ClOrdID.
    steps: dict[str, Any]
    summary: dict[str, Any]
    openings: list[dict[str, Any]]
    flows: list[dict[str, Any]]
    balances: dict[tuple[str, str], Decimal]
    lots: list[dict[str, Any]]
    snapshot_id: str
    snapshot: bytes

    def orders_sent(self) -> list[Message]:
        return [m for m in self.messages if m.direction == "out" and m.tags["35"] == "D"]

    def fills_of(self, cl_ord_id: str) -> list[Fill]:
        return [fill for fill in self.fills if fill.cl_ord_id == cl_ord_id]


def read_day(folder: Path) -> Day:
    uri = f"file:{folder / 'state/trimtab.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return _read(folder, connection.execute)


def _read(folder: Path, rows: Callable[[str], Iterable[sqlite3.Row]]) -> Day:
    booked = [
        json.loads(row["value"])
        for row in rows("select value from ledger_transaction order by number")
    ]
    kinds = {kind: [t for t in booked if t["kind"] == kind] for kind in {t["kind"] for t in booked}}
    assert set(kinds) <= {"opening", "cash_flow", "fill", "allocation"}
    steps = {r["step"]: json.loads(r["document"]) for r in rows("select * from run_step")}
    balances = {
        (r["book"], r["asset"]): Decimal(r["quantity"]) / MILLION
        for r in rows("select * from balance")
    }
    (run,) = (json.loads(r["value"]) for r in rows("select value from run"))
    stored = {r["snapshot_id"]: r for r in rows("select * from snapshot")}
    snapshot = stored[run["snapshot_id"]]  # The others are what the register of breaches saw.
    intents = [json.loads(r["value"]) for r in rows("select value from order_intent")]
    allocations = {t["cl_ord_id"]: t for t in kinds["allocation"]}
    assert len(allocations) == len(kinds["allocation"]), "one allocation an order on a clean day"
    return Day(
        messages=_messages(folder / "log/trimtab.jsonl"),
        fills=_fills(folder / "venues"),
        reports=_reports(folder / "venues"),
        intents={intent["cl_ord_id"]: intent for intent in intents},
        allocations=allocations,
        steps=steps,
        summary=steps["reconcile"],
        openings=kinds["opening"],
        flows=kinds.get("cash_flow", []),
        balances=balances,
        lots=[dict(row) for row in rows("select * from lot")],
        snapshot_id=snapshot["snapshot_id"],
        snapshot=snapshot["payload"],
    )


def _messages(log: Path) -> list[Message]:
    found = []
    for place, line in enumerate(log.read_text().splitlines()):
        entry = json.loads(line)
        if entry["event"] in ("fix.in", "fix.out"):
            pairs = (part.partition("=") for part in entry["raw"].strip("|").split("|"))
            tags = {tag: value for tag, _, value in pairs}
            found.append(Message(place, entry["event"][4:], entry["ts"], tags))
    return found


def _fills(venues: Path) -> list[Fill]:
    found = []
    for path in sorted(venues.glob("*/*_executions.csv")):
        lines = path.read_text().splitlines()
        assert lines[-1].startswith("TRAILER"), "the venue's file is whole"
        found += [
            Fill(
                row["exec_id"],
                row["cl_ord_id"],
                row["symbol"],
                row["side"],
                Decimal(row["last_qty"]),
                Decimal(row["last_px"]),
                Decimal(row["fee"]),
            )
            for row in csv.DictReader(lines[:-1])
        ]
    return found


def _reports(venues: Path) -> list[dict[str, str]]:
    """Every ExecutionReport (35=8) in the venues' journal, by tag."""
    found = []
    for path in sorted((venues / "journal").glob("*.journal")):
        for line in path.read_text("latin-1").split("\n"):
            tags = dict(pair.split("=", 1) for pair in line.split("\x01")[:-1])
            if tags.get("35") == "8":
                found.append(tags)
    return found
