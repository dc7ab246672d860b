"""Identifiers: check digits of CUSIP and ISIN, and UUIDv7.

CUSIP: ANSI X9.6, modulus 10 double-add-double. ISIN: ISO 6166, Luhn over the
letters spelt as 10 to 35. UUIDv7: RFC 9562, section 5.7.
"""

import re
from uuid import UUID

_CUSIP = re.compile(r"[0-9A-Z*@#]{8}[0-9]")
_ISIN = re.compile(r"[A-Z]{2}[0-9A-Z]{9}[0-9]")
_CUSIP_VALUES = {c: n for n, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#")}
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def is_cusip(text: str) -> bool:
    """Whether `text` is nine characters with the right check digit."""
    if not _CUSIP.fullmatch(text):
        return False
    total = 0
    for position, character in enumerate(text[:8]):
        value = _CUSIP_VALUES[character] * (2 if position % 2 else 1)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(text[8])


def is_isin(text: str) -> bool:
    """Whether `text` is twelve characters with the right check digit."""
    if not _ISIN.fullmatch(text):
        return False
    digits = "".join(str(int(character, 36)) for character in text)
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


def uuid7(unix_ns: int, randomness: bytes) -> UUID:
    """A UUIDv7 from a time in nanoseconds and ten random bytes."""
    assert len(randomness) == 10
    number = (unix_ns // 1_000_000) << 80 | int.from_bytes(randomness)
    number &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | 0x7 << 76 | 0x2 << 62)


def short_id(identifier: UUID) -> str:
    """Eight letters of Crockford's base 32 for people and ClOrdIDs: the random tail, 40 bits."""
    number = identifier.int & (1 << 40) - 1
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(35, -5, -5))
