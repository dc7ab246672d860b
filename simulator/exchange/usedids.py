"""A compact memory of ClOrdIDs that were used, for orders that are no longer kept.

It holds 64-bit fingerprints in two tables: when the newer one is full, the older one is dropped.
So the last `bound / 2` ids are always known, more than `bound` never, in at most 32 bytes each.
Two of a million ids share a fingerprint with a probability below one to ten million.
"""

from array import array
from hashlib import blake2b

_LEAST_SLOTS = 1 << 10


class UsedIds:
    """Ids by client."""

    def __init__(self, bound: int) -> None:
        self._most = max(1, bound // 2)
        self._newer = _Table(self._most)
        self._older = _Table(self._most)

    def __len__(self) -> int:
        return self._newer.count + self._older.count

    def add(self, client: str, identifier: str) -> None:
        """Remember an id."""
        if self._newer.count >= self._most:
            self._older = self._newer
            self._newer = _Table(self._most)
        self._newer.add(_fingerprint(client, identifier))

    def has(self, client: str, identifier: str) -> bool:
        """Whether it was added and is not forgotten yet."""
        if not self._newer.count and not self._older.count:
            return False
        mark = _fingerprint(client, identifier)
        return self._newer.has(mark) or self._older.has(mark)

    def clear(self) -> None:
        """A new day: ids may be used again."""
        self._newer, self._older = _Table(self._most), _Table(self._most)


class _Table:
    """Open addressing with linear probing; 0 is an empty slot. Doubles until it holds `most`."""

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most
        self._slots = array("Q")

    def has(self, mark: int) -> bool:
        return bool(self._slots) and self._slots[self._place(mark)] == mark

    def add(self, mark: int) -> None:
        if 2 * (self.count + 1) > len(self._slots):
            self._grow()
        place = self._place(mark)
        if self._slots[place] != mark:
            self._slots[place] = mark
            self.count += 1

    def _place(self, mark: int) -> int:
        slots = self._slots
        last = len(slots) - 1
        place = mark & last
        while slots[place] not in (0, mark):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        before = self._slots
        size = max(_LEAST_SLOTS, 2 * len(before))
        self._slots = array("Q", bytes(8 * size))
        for mark in before:
            if mark:
                self._slots[self._place(mark)] = mark


def _fingerprint(client: str, identifier: str) -> int:
    digest = blake2b(f"{client}\0{identifier}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1
