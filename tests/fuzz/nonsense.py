"""Well-formed nonsense: true frames around reports that no honest venue would send, by seed.

Most are an honest report with a field or two bent, so that they get far.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from domain.orders import OrderIntent

Pairs = list[tuple[int, object]]

VALUES: Sequence[object] = (
    "", "0", "-1", "-0", "+5", "1e400", "1E5", "NaN", "Infinity", "1,5", "0x10", "1_000", " 7",
    "9" * 11, "9" * 12, "9" * 18, "9" * 19, "9" * 400, "0.0000001", "0.000001", "00100", ".5", "5.",
    "100", "100.0", "147.60", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E",
    "F", "G", "H", "I", "L", "Z", "FF", b"\x00", b"A\x00B", b"\r\n", b"\n35=D", "'; DROP TABLE",
    "=cmd()", b"\xff\xfe", b"caf\xe9", "naïve ✓", "A" * 64, "A" * 65, "A" * 5000, " ", "Y", "N",
    "20221130", "20220230", "00000000", "99991231", "20221130-14:00:00", "20221130-25:00:00",
    "20221130-14:00:60", "20221130-14:00:00.123456789", "AAPL", "MSFT", "NOBODY", "X-1", "NONE",
    "²", "٣", "{}", "%s%n", "../../etc", "X" * 20 + ";",
)  # fmt: skip
TAGS = (
    1, 6, 11, 12, 13, 14, 15, 17, 19, 20, 30, 31, 32, 37, 38, 39, 40, 41, 43, 44, 48, 54, 55, 58,
    59, 60, 75, 97, 99, 103, 118, 150, 151, 198, 336, 378, 382, 434, 453, 527, 555, 584, 911, 912,
    1003, 4999, 5001, 9999, 999999, 2147483648,
)  # fmt: skip
_NO_FILLS = frozenset("03456789ABCDEHI") | {"L"}  # ExecTypes that are known to be none.
_TRADE, _NUMBER = re.compile(r"[12F]"), re.compile(r"\d{1,11}(\.\d{1,6})?")
_ID, _STAMP = re.compile(r"[A-Za-z0-9.\-]{1,64}"), re.compile(r"\d{8}-\d\d:\d\d:\d\d(\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Said:
    """One report that was sent, and under which number."""

    sequence: int
    kind: str
    fields: Sequence[tuple[int, object]]

    def first(self) -> Mapping[int, str]:
        """The first value of each tag, as it went over the wire."""
        return {tag: _text(value) for tag, value in reversed(self.fields)}

    @property
    def is_genuine_fill(self) -> bool:
        """By a reading of our own: a trade that any venue might have meant."""
        tags = [tag for tag, _ in self.fields]
        first = self.first()
        wanted = {
            17: _ID, 37: _ID, 11: _ID, 55: _ID, 31: _NUMBER, 32: _NUMBER, 14: _NUMBER, 151: _NUMBER,
            38: _NUMBER, 150: _TRADE, 60: _STAMP,
        }  # fmt: skip
        return (
            self.kind == "8"
            and len(tags) == len(set(tags))
            and set(tags) == set(HONEST)
            and all(form.fullmatch(first[tag]) for tag, form in wanted.items())
            and first[39] in ("0", "1", "2")
            and first[54] in ("1", "2")
            and (first[75], first[60][:8]) == ("20221130", "20221130")
            and _is_time(first[60])
            and Decimal(first[32]) > 0
        )

    @property
    def may_be_fill(self) -> bool:
        """Whether anybody could take it for a fill."""
        first = self.first()
        is_other = first.get(150) in _NO_FILLS
        has_numbers = bool(first.get(32, "").strip("0.")) and 31 in first
        return self.kind == "8" and has_numbers and not is_other


HONEST = (37, 11, 17, 150, 39, 55, 54, 38, 32, 31, 151, 14, 6, 75, 60)


class Reports:
    """Reports about one order, honest and bent."""

    def __init__(self, seed: int, intent: OrderIntent) -> None:
        self._draw, self._intent = Random(seed), intent
        self._count = 0

    def stream(self, count: int) -> Iterator[tuple[str, Pairs]]:
        """So many messages: MsgType and fields."""
        for _ in range(count):
            kind = self._draw.choices(("8", "9", "j", "B", "AE", "h"), (30, 3, 1, 1, 1, 1))[0]
            fields = self.honest() if kind == "8" else self._other(kind)
            yield kind, self._bent(fields)

    def fill(self, quantity: int = 1) -> Pairs:
        """A fill as the venue of this order would report it."""
        self._count += 1
        order = self._intent
        return [
            (37, "V1"), (11, order.cl_ord_id), (17, f"E{self._count}"), (150, "F"), (39, "1"),
            (55, order.symbol), (54, order.side.value), (38, order.quantity), (32, quantity),
            (31, order.reference_price), (151, max(0, int(order.quantity) - self._count)),
            (14, self._count), (6, order.reference_price), (75, "20221130"),
            (60, "20221130-14:00:00.000"),
        ]  # fmt: skip

    def honest(self) -> Pairs:
        """Mostly a fill of a share; now and then of one that was told before."""
        what = self._draw.choices(("F", "0", "4", "5", "G", "H", "I"), (20, 1, 1, 1, 2, 2, 1))[0]
        earlier = f"E{self._draw.randint(1, self._count + 1)}"
        fields = [(tag, what if tag == 150 else value) for tag, value in self.fill()]
        if self._draw.random() < 0.1:
            fields = [(tag, earlier if tag == 17 else value) for tag, value in fields]
        if what in ("G", "H"):
            fields.append((19, earlier))
        return fields

    def _other(self, kind: str) -> Pairs:
        order = self._intent
        if kind == "9":
            return [(37, "V1"), (11, f"{order.cl_ord_id}.1"), (41, order.cl_ord_id), (39, "1"),
                    (434, "1"), (102, "0")]  # fmt: skip
        if kind == "j":
            return [(45, "2"), (372, "D"), (380, "3"), (58, "no")]
        return [(11, order.cl_ord_id), (55, order.symbol), (58, "news")]

    def _bent(self, fields: Pairs) -> Pairs:
        """One change, or a few, or none."""
        draw = self._draw
        for _ in range(draw.choice((0, 0, 1, 1, 1, 1, 2, 3, 8))):
            at = draw.randrange(len(fields) + 1)
            change = draw.choice(
                ("value", "value", "value", "value", "add", "drop", "tag", "again")
            )
            if change == "add" or not fields:
                fields.insert(at, (draw.choice(TAGS), draw.choice(VALUES)))
                continue
            at %= len(fields)
            if change == "value":
                fields[at] = (fields[at][0], draw.choice(VALUES))
            elif change == "drop":
                del fields[at]
            elif change == "tag":
                fields[at] = (draw.choice(TAGS), fields[at][1])
            else:
                fields.insert(at, fields[at])
        return fields


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text[:17], "%Y%m%d-%H:%M:%S")  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True
