"""Snapshots at rest: compressed canonical text under the name of its hash."""

import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from domain.accounts import Account, Mandate
from domain.codec import decode, encode, from_plain
from domain.errors import InvariantError
from domain.instruments import Price
from domain.ports import Market
from domain.restrictions import Bars
from domain.snapshot import Restriction, Snapshot
from vault.bars import KnownBars
from vault.book_read import read_accounts, read_closes, read_market, read_restrictions
from vault.schema import snapshot
from vault.snapshots import take


class SqlSnapshots:
    """`SnapshotStore` on one transaction."""

    def __init__(self, connection: Connection, bars: KnownBars | None = None) -> None:
        """`bars` are what the vault knows already of what is barred."""
        self._connection = connection
        self._bars = KnownBars() if bars is None else bars

    def take(self, as_of: date) -> Snapshot:
        """What this transaction sees of the book on the day `as_of`; nothing is stored yet."""
        return take(self._connection, as_of)

    def market(self, as_of: date) -> Market:
        """Securities and prices as `take` would have them."""
        return read_market(self._connection, as_of)

    def closes(self, since: date, until: date) -> Mapping[str, Price]:
        """The newest close of each security that was told of these days, by security id."""
        return read_closes(self._connection, since, until)

    def accounts(self, as_of: date) -> tuple[Account, ...]:
        """The accounts as `take` would have them."""
        return read_accounts(self._connection, as_of)

    def restrictions(self, as_of: date) -> tuple[Restriction, ...]:
        """The firm's restricted list as `take` would have it."""
        return read_restrictions(self._connection, as_of)

    def bars(self, at: datetime) -> Bars:
        """What the restricted list bars at an instant."""
        return self._bars.at(self._connection, at)

    def put(self, taken: Snapshot, taken_at: datetime) -> str:
        """Store it and give its name; the same content again changes nothing."""
        text = encode(taken).encode()
        name = hashlib.sha256(text).hexdigest()
        query = select(snapshot.c.snapshot_id).where(snapshot.c.snapshot_id == name)
        if self._connection.execute(query).one_or_none() is None:
            self._connection.execute(
                insert(snapshot).values(
                    snapshot_id=name,
                    as_of=taken.as_of,
                    taken_at=taken_at,
                    payload=zlib.compress(text, level=6),
                )
            )
        return name

    def get(self, snapshot_id: str) -> Snapshot | None:
        """Raises `InvariantError` when the content does not have the hash that names it."""
        text = self._text(snapshot_id)
        return None if text is None else decode(Snapshot, text)

    def mandates(self, snapshot_id: str) -> Mapping[str, Mandate]:
        """Mandates by account, read without the rest: booking waits for it beside the wire."""
        text = self._text(snapshot_id)
        if text is None:
            return {}
        content = json.loads(text)
        mandates = from_plain(tuple[Mandate, ...], content["mandates"])
        by_id = {mandate.mandate_id: mandate for mandate in mandates}
        return {
            account["account_id"]: by_id[account["mandate_id"]]
            for account in content["accounts"]
            if account["mandate_id"] in by_id
        }

    def _text(self, snapshot_id: str) -> str | None:
        query = select(snapshot.c.payload).where(snapshot.c.snapshot_id == snapshot_id)
        payload = self._connection.execute(query).scalar_one_or_none()
        if payload is None:
            return None
        try:
            text = zlib.decompress(payload)
        except zlib.error as error:
            raise InvariantError(f"snapshot {snapshot_id} is damaged: {error}") from error
        found = hashlib.sha256(text).hexdigest()
        if found != snapshot_id:
            raise InvariantError(
                f"snapshot {snapshot_id} was changed: its content hashes to {found}"
            )
        return text.decode()
