"""Three witnesses of the same executions: our books, the venues' end-of-day files, the drop copies.

Each is read in its own way, and nothing of ours decodes the other two.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from domain.orders import ExecType, ExecutionReport
from domain.ports import UnitOfWork
from tests.chaos.book import DAY, VENUES
from tests.chaos.folder import copies_session

_EXECUTIONS = frozenset({"F", "G", "H"})  # Trade, correction, bust.
_BATCH = 1000


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What names an execution for ever."""

    venue: str
    trade_date: str  # YYYYMMDD.
    exec_id: str


@dataclass(frozen=True, slots=True)
class Execution:
    """What a witness says of it. A bust has neither quantity, price nor fee of its own."""

    key: Key
    kind: str  # ExecType (150).
    cl_ord_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    changes: str  # ExecRefID (19).


def booked(view: UnitOfWork) -> tuple[Execution, ...]:
    """What we booked."""
    return tuple(
        _of_report(report) for venue in VENUES for report in view.orders.executions(DAY, venue)
    )


def in_files(paths: Iterable[Path]) -> tuple[Execution, ...]:
    """What the venues' end-of-day files say."""
    return tuple(found for path in paths for found in _in_file(path))


def in_copies(view: UnitOfWork) -> tuple[Execution, ...]:
    """What came over the drop-copy sessions, from the raw messages."""
    return tuple(
        _of_fields(venue, fields)
        for venue in VENUES
        for fields in _raw(view, copies_session(venue))
        if fields.get("35") == "8" and fields.get("150") in _EXECUTIONS
    )


def _in_file(path: Path) -> Iterator[Execution]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["trade_date"] == "TRAILER":
                return
            key = Key(row["venue"], row["trade_date"].replace("-", ""), row["exec_id"])
            yield _execution(
                key,
                row["exec_type"],
                (row["cl_ord_id"], row["symbol"], row["side"]),
                (row["last_qty"], row["last_px"], row["fee"]),
                row["exec_ref_id"],
            )
    raise AssertionError(f"{path} was cut off")


def _of_report(report: ExecutionReport) -> Execution:
    key = Key(report.venue, f"{report.trade_date:%Y%m%d}", report.exec_id)
    who = (report.cl_ord_id, report.symbol, report.side.value)
    numbers = (report.last_qty, report.last_px or 0, report.commission)
    return _execution(key, report.exec_type.value, who, numbers, report.exec_ref_id or "")


def _of_fields(venue: str, fields: dict[str, str]) -> Execution:
    return _execution(
        Key(venue, fields["75"], fields["17"]),
        fields["150"],
        (fields["11"], fields["55"], fields["54"]),
        (fields.get("32", "0"), fields.get("31", "0"), fields.get("12", "0")),
        fields.get("19", ""),
    )


def _execution(
    key: Key,
    kind: str,
    who: tuple[str, str, str],
    numbers: Sequence[str | Decimal | int],
    changes: str,
) -> Execution:
    quantity, price, fee = (Decimal(number) for number in numbers)
    if kind == ExecType.TRADE_CANCEL.value:
        quantity = price = fee = Decimal(0)
    return Execution(key, kind, *who, quantity, price, fee, changes)


def _raw(view: UnitOfWork, session: str) -> Iterator[dict[str, str]]:
    epoch, sequence = 0, 0
    while taken := view.inbox.after(session, epoch, sequence, _BATCH):
        for message in taken:
            pairs = (pair.partition("=") for pair in message.raw.split("\x01") if pair)
            yield {tag: value for tag, _, value in reversed(list(pairs))}
            epoch, sequence = message.epoch, message.sequence
