"""Where in a TOML file a key stands: the parser of the standard library does not say.

Tables are named by their path; the n-th table of an array by "name[n]", from 0.
"""

import re
from collections import Counter

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_.-]+))\s*=""")
_FENCE = re.compile(r'"""|\'\'\'')

Place = tuple[str, str]


def lines_of(text: str) -> dict[Place, int]:
    """Line numbers by (table, key); a table's own header has the key ""."""
    places: dict[Place, int] = {}
    seen: Counter[str] = Counter()
    table, fence = "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if header := _HEADER.match(line):
            table = re.sub(r"""\s*\.\s*|["']""", lambda m: m[0].strip("\"' "), header[2])
            if header[1] == "[[":
                seen[table] += 1
                table = f"{table}[{seen[table] - 1}]"
            places.setdefault((table, ""), number)
        elif key := _KEY.match(line):
            places.setdefault((table, key[1] or key[2] or key[3]), number)
        opened = _FENCE.findall(line)
        fence = opened[0] if len(opened) % 2 else ""
    return places
