"""docs/pictures/order-states.svg: the table of order states, drawn from the table itself.

`python -m tests.order_states.state_picture` draws it anew. Rows are what an order is, columns
what a report may make of it, and in the cell stand the ExecTypes (150) by which.
"""

import sys
from collections import defaultdict
from html import escape
from pathlib import Path

from domain.order_table import ALLOWED
from domain.orders import CLOSED, ExecType, OrdStatus

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "order-states.svg"
OF_OUR_OWN = (OrdStatus.INTENDED, OrdStatus.UNSENT)
ORDER = (
    OrdStatus.INTENDED,
    OrdStatus.PENDING_NEW,
    OrdStatus.NEW,
    OrdStatus.PARTIALLY_FILLED,
    OrdStatus.STOPPED,
    OrdStatus.SUSPENDED,
    OrdStatus.PENDING_REPLACE,
    OrdStatus.PENDING_CANCEL,
    OrdStatus.FILLED,
    OrdStatus.DONE_FOR_DAY,
    OrdStatus.CANCELED,
    OrdStatus.EXPIRED,
    OrdStatus.CALCULATED,
    OrdStatus.REJECTED,
    OrdStatus.UNSENT,
)
TITLE = "What a report may make of an order, by its ExecType (150)"
HOW = (
    "Rows: what the order is. Columns: the OrdStatus (39) that the report says. Cells: by which.",
    "Blue is open, grey has ended, yellow leaves it as it is. Anything else is an alarm, and its",
    "fill is booked all the same.",
)
CELL, LINE, LEFT, TOP, PER_LINE = 76, 15, 150, 126, 5
INK, FAINT, PAPER, OPEN, ENDED, STAYS = (
    "#1f2933",
    "#cbd2d9",
    "#ffffff",
    "#e3f2fd",
    "#f1f1f1",
    "#fff8e1",
)


def moves() -> dict[tuple[OrdStatus, OrdStatus], list[ExecType]]:
    """ExecTypes by (before, after), in the order of their codes."""
    found: defaultdict[tuple[OrdStatus, OrdStatus], list[ExecType]] = defaultdict(list)
    for (before, exec_type), after in ALLOWED.items():
        for status in after:
            found[before, status].append(exec_type)
    return {key: sorted(kinds, key=lambda kind: kind.value) for key, kinds in found.items()}


def picture() -> str:
    """The whole SVG."""
    columns = [status for status in ORDER if status not in OF_OUR_OWN]
    found = moves()
    parts = []
    top = TOP
    for before in ORDER:
        cells = [found.get((before, after), []) for after in columns]
        height = LINE * max(1, *(-(-len(kinds) // PER_LINE) for kinds in cells)) + 12
        parts.append(label(before, top, height))
        for number, (after, kinds) in enumerate(zip(columns, cells, strict=True)):
            parts += cell(LEFT + number * CELL, top, height, kinds, stays=before is after)
        top += height
    heads = [head(LEFT + n * CELL, status) for n, status in enumerate(columns)]
    width = LEFT + len(columns) * CELL + 10
    foot, bottom = legend(top + 24, width)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom}" '
        f'width="{width}" height="{bottom}" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="11" fill="{INK}">\n<title>Order states: which report may make what of an '
        f'order</title>\n<rect width="100%" height="100%" fill="{PAPER}"/>\n'
        + "\n".join([*heads, *parts, *foot])
        + "\n</svg>\n"
    )


def name(status: OrdStatus) -> str:
    """As people say it."""
    return status.name.replace("_", " ").capitalize()


def colour(status: OrdStatus) -> str:
    return ENDED if status in CLOSED else OPEN


def label(status: OrdStatus, top: int, height: int) -> str:
    box = f'<rect x="10" y="{top}" width="{LEFT - 14}" height="{height - 3}" rx="3"'
    text = f'<text x="18" y="{top + height / 2 + 3:g}">{escape(name(status))}</text>'
    return f'{box} fill="{colour(status)}"/>{text}'


def head(left: int, status: OrdStatus) -> str:
    box = f'<rect x="{left}" y="{TOP - 46}" width="{CELL - 3}" height="42" rx="3"'
    lines = name(status).split(" ")
    first = TOP - 21 - 6 * (len(lines) - 1)
    middle = left + (CELL - 3) / 2
    words = "".join(
        f'<text x="{middle:g}" y="{first + 12 * n}" text-anchor="middle">{escape(word)}</text>'
        for n, word in enumerate(lines)
    )
    return f'{box} fill="{colour(status)}"/>{words}'


def cell(left: int, top: int, height: int, kinds: list[ExecType], *, stays: bool) -> list[str]:
    fill = STAYS if stays and kinds else PAPER
    box = f'<rect x="{left}" y="{top}" width="{CELL - 3}" height="{height - 3}" rx="3"'
    parts = [f'{box} fill="{fill}" stroke="{FAINT}"/>']
    for line in range(0, len(kinds), PER_LINE):
        codes = " ".join(kind.value for kind in kinds[line : line + PER_LINE])
        y = top + 16 + LINE * (line // PER_LINE)
        middle = left + (CELL - 3) / 2
        parts.append(
            f'<text x="{middle:g}" y="{y}" text-anchor="middle" font-weight="bold">{codes}</text>'
        )
    return parts


def legend(top: int, width: int) -> tuple[list[str], int]:
    """What the codes mean, in columns, and where it ends."""
    kinds = sorted({kind for _, kind in ALLOWED}, key=lambda kind: kind.value)
    per_row = 6
    step = (width - 20) // per_row
    parts = [f'<text x="10" y="20" font-size="14" font-weight="bold">{TITLE}</text>']
    parts += [f'<text x="10" y="{38 + 14 * n}">{line}</text>' for n, line in enumerate(HOW)]
    for number, kind in enumerate(kinds):
        x, y = 10 + step * (number % per_row), top + 18 * (number // per_row)
        said = escape(kind.name.replace("_", " ").lower())
        code = f'<tspan font-weight="bold">{kind.value}</tspan>'
        parts.append(f'<text x="{x}" y="{y}">{code} {said}</text>')
    return parts, top + 18 * -(-len(kinds) // per_row) + 4


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")
