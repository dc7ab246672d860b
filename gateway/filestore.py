"""The engine's file store, looked at before the engine does.

The engine takes an empty or torn sequence file for a new session and starts at
1, and crashes on a torn session file; both stop the start here. Its message
file keeps our Logon as sent, so the password is blotted out in place.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.errors import ConfigError
from gateway.message_file import blot, messages
from gateway.sessioncfg import SessionConfig

_SEQUENCES = re.compile(rb"\s*(\d{1,20})\s*:\s*(\d{1,20})\s*\Z")
# Behind another instant where a start died in `dated_today`.
_CREATED = re.compile(
    rb"\s*(?:\d{8}-\d{2}:\d{2}:\d{2} )?(\d{8}-\d{2}:\d{2}:\d{2})(\.\d{1,9})?\s*\Z"
)
_SECOND = timedelta(seconds=1)
_SECONDS = "%Y%m%d-%H:%M:%S"
_ORDERS = (b"\x0135=D\x01", b"\x0135=E\x01", b"\x0135=G\x01")  # Alone, in a list, changed.
_REPLACES = (b"\x0135=G\x01",)
_MSG_SEQ_NUM = re.compile(rb"\x0134=(\d{1,18})\x01")
_CL_ORD_ID = re.compile(rb"\x0111=([^\x01]*)\x01")
_PARTS = ("seqnums", "session", "header", "body")


@dataclass(frozen=True, slots=True)
class StoredSequences:
    """The next numbers as the engine's file store has them, and when it began to count.

    The store keeps the second alone: it was not before `began`, and not after `began_by`.
    """

    next_sender: int
    next_target: int
    began: datetime
    began_by: datetime


def check_store(session: SessionConfig, durable: int) -> StoredSequences | None:
    """What the store says; None for a session that never ran.

    `durable` is the database's last inbound number. Raises `ConfigError` when
    the store is torn, or missing although the database knows the session.
    """
    files = {part: _file(session, part) for part in _PARTS}
    present = {part for part, path in files.items() if path.exists()}
    if not present:
        if durable > 0:
            raise ConfigError(
                f"{files['seqnums']} is missing, but the database has {durable} messages of "
                f"{session.name}; restore the store from backup, or agree a reset with the venue"
            )
        return None
    if missing := set(_PARTS) - present:
        raise _torn(session, files[min(missing)], "is missing beside the rest of the store")
    match = _SEQUENCES.match(files["seqnums"].read_bytes())
    if match is None:
        raise _torn(session, files["seqnums"], "is empty or torn")
    began = _instant(files["session"].read_bytes())
    if began is None:
        raise _torn(session, files["session"], "is empty or torn")
    stored = StoredSequences(
        int(match[1]), int(match[2]), began, _began_by(files["session"], began)
    )
    if stored.next_sender < 1 or stored.next_target < 1:
        raise _torn(session, files["seqnums"], "holds a sequence number below 1")
    return stored


def sent_orders(session: SessionConfig) -> frozenset[str]:
    """ClOrdIDs of orders and replaces that may have reached the socket; ask while all is at rest.

    The engine stores a message, then counts it, then sends it. One that it has not counted, or
    whose number another message took after a restart, never got as far as the socket. What was
    sent before the store began to count is not in it.
    """
    counted = _counted(session, _ORDERS)
    return frozenset(name for names in counted.values() for name in names)


def sent_replaces(session: SessionConfig) -> Mapping[int, str]:
    """ClOrdIDs of replaces that may have reached the socket, by number; see `sent_orders`."""
    return {number: names[0] for number, names in _counted(session, _REPLACES).items() if names}


def _counted(session: SessionConfig, kinds: Sequence[bytes]) -> Mapping[int, Sequence[str]]:
    """By number, the ClOrdIDs that messages of these kinds name; none for the other kinds."""
    stored = check_store(session, 0)
    if stored is None:
        return {}
    newest: dict[int, Sequence[str]] = {}
    for text in messages(_file(session, "body")):
        if number := _MSG_SEQ_NUM.search(text):
            newest[int(number[1])] = _orders_named(text, kinds)
    return {number: names for number, names in newest.items() if number < stored.next_sender}


def _orders_named(text: bytes, kinds: Sequence[bytes]) -> Sequence[str]:
    """ClOrdIDs of what a message sends or changes."""
    if not any(kind in text for kind in kinds):
        return ()
    return [name.decode("ascii", "replace") for name in _CL_ORD_ID.findall(text + b"\x01")]


def blot_secrets(session: SessionConfig) -> None:
    """Overwrite user names and passwords in the message file; lengths and offsets stay."""
    blot(_file(session, "body"))


@contextmanager
def dated_today(session: SessionConfig, now: datetime) -> Iterator[None]:
    """Let the engine make its session with a store of another day, if it keeps no hours.

    QuickFIX 1.16.0 asks in the constructor of a session whether its store is of this day (UTC),
    before it is told of NonStopSession=Y, and empties the store if not: it would go on at 1, and
    the venue refuse it for good. So the store says `now` for that moment; the instant at which it
    began stands behind it meanwhile, and alone again afterwards.
    """
    path = _file(session, "session")
    if session.text("NonStopSession") != "Y" or not path.exists():
        yield
        return
    began, times = path.read_bytes(), path.stat()
    staged = f"{now.astimezone(UTC):{_SECONDS}} ".encode() + began.strip()
    with path.open("r+b") as file:
        file.write(staged)
    try:
        yield
    finally:
        if path.read_bytes() == staged:
            _write_back(path, began)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _write_back(path: Path, content: bytes) -> None:
    """In place, as the engine has the file open; never empty in between."""
    with path.open("r+b") as file:
        file.write(content)
        file.flush()
        file.truncate(len(content))


def _instant(content: bytes) -> datetime | None:
    created = _CREATED.match(content)
    if created is None:
        return None
    try:
        return datetime.strptime(created[1].decode(), _SECONDS).replace(tzinfo=UTC)
    except ValueError:
        return None


def _began_by(path: Path, began: datetime) -> datetime:
    """The file is written when the store begins, and only then; a copy was written later."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return written if began <= written < began + _SECOND else began + _SECOND


def _file(session: SessionConfig, part: str) -> Path:
    keys = ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")
    names = [value for key in keys if (value := session.text(key))]
    return session.store / f"{'-'.join(names)}.{part}"


def _torn(session: SessionConfig, path: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{path} {what}: the engine would start {session.name} at sequence number 1; "
        "restore the store from backup, or agree a reset with the venue"
    )
