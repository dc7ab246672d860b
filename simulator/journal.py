"""A venue's memory: one JSON line for each batch, on disk before anything is sent.

A line holds what was said, the orders as they then stood, and the last sequence
number taken from each client: reading it back needs no replay. A last line
without its end was cut off by a crash: nothing of it was sent, and it is dropped.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

from simulator.desk import Outcome, Past, Standing
from simulator.orders import Order
from simulator.plain import from_plain, to_plain
from simulator.reports import CancelRejected, Message, Report
from simulator.words import ExecType, OrdRejReason


class JournalError(Exception):
    """A journal that cannot be trusted; the text names file and line."""


@dataclass(slots=True)
class Recovered:
    """What the journal tells a venue that starts."""

    past: Past = field(default_factory=Past)
    received: dict[str, int] = field(default_factory=dict)  # Last MsgSeqNum by client.
    last_messages: tuple[Message, ...] = ()  # Perhaps not sent before the end.
    latest: datetime | None = None  # When the last thing happened.


class Journal:
    """Appends lines; `recover` reads them. One process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("ab")

    def close(self) -> None:
        """Nothing is lost without it: every write was durable."""
        self._file.close()

    def write(self, outcomes: list[Outcome], received: Mapping[str, int]) -> None:
        """One durable line for everything since the last one."""
        orders = {order.number: order for outcome in outcomes for order in outcome.orders}
        line = {
            "messages": [_message(one) for outcome in outcomes for one in outcome.messages],
            "orders": [to_plain(order) for order in orders.values()],
            "received": dict(received),
            "standing": to_plain(outcomes[-1].standing) if outcomes else None,
        }
        self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def recover(self) -> Recovered:
        """What stands after the last whole line. Raises JournalError."""
        self._drop_torn_line()
        recovered = Recovered()
        orders: dict[int, Order] = {}
        refused: dict[tuple[str, str], Report] = {}
        standing = Standing()
        for line, messages in self._lines():
            recovered.last_messages = messages
            recovered.received.update(line["received"])
            for plain in line["orders"]:
                order = from_plain(Order, plain)
                orders[order.number] = order
            for message in messages:
                recovered.latest = message.transact_time
                if _refuses(message):
                    refused[message.client, message.cl_ord_id] = message
            if line["standing"] is not None:
                standing = from_plain(Standing, line["standing"])
        recovered.past = Past(
            orders=tuple(orders.values()), refused=tuple(refused.values()), standing=standing
        )
        return recovered

    def trades(self) -> Iterator[Report]:
        """Every execution that was ever written, in order."""
        for _, messages in self._lines():
            for message in messages:
                if isinstance(message, Report) and message.exec_type is ExecType.TRADE:
                    yield message

    def _lines(self) -> Iterator[tuple[dict[str, Any], tuple[Message, ...]]]:
        with self._path.open("rb") as file:
            for number, text in enumerate(file, start=1):
                try:
                    line = json.loads(text)
                    yield line, tuple(_read_message(plain) for plain in line["messages"])
                except (ValueError, TypeError, KeyError, ArithmeticError) as error:
                    raise JournalError(
                        f"{self._path}:{number}: this line of the journal is damaged ({error}); "
                        "restore the file from a backup, or move the whole state directory away "
                        "to start anew"
                    ) from error

    def _drop_torn_line(self) -> None:
        size = self._path.stat().st_size
        with self._path.open("rb+") as file:
            end = size
            while end:
                start = max(0, end - 65536)
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    end = start + found + 1
                    break
                end = start
            if end < size:
                file.truncate(end)
                os.fsync(file.fileno())


def _message(message: Message) -> dict[str, object]:
    kind = "report" if isinstance(message, Report) else "cancel_rejected"
    return {"kind": kind, **to_plain(message)}


def _read_message(plain: dict[str, object]) -> Message:
    rest = {name: value for name, value in plain.items() if name != "kind"}
    if plain["kind"] == "report":
        return from_plain(Report, rest)
    return from_plain(CancelRejected, rest)


def _refuses(message: Message) -> TypeGuard[Report]:
    return (
        isinstance(message, Report)
        and message.exec_type is ExecType.REJECTED
        and message.reason is not OrdRejReason.DUPLICATE_ORDER
    )
