"""What really reached the venues: every order, cancel and replace, counted in the venues' own log.

A venue refuses a second order under the same ClOrdID, so only its log can show that there was one.
"""

import json
import re
from collections import Counter
from pathlib import Path

_KIND = re.compile(r"\|35=([^|]+)\|")
_CL_ORD_ID = re.compile(r"\|11=([^|]+)\|")
# NewOrderSingle, OrderCancelRequest, ...ReplaceRequest; a NewOrderList is as many new orders.
_SENDS = {"D": "D", "E": "D", "F": "F", "G": "G"}


def received(log: Path) -> Counter[tuple[str, str]]:
    """How often each (MsgType, ClOrdID) came in."""
    found: Counter[tuple[str, str]] = Counter()
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if '"fix.in"' not in line or not line.endswith("\n"):
                continue  # The last line of a life may be cut off.
            raw = str(json.loads(line)["raw"])
            kind = _KIND.search(raw)
            if kind and kind[1] in _SENDS:
                found.update((_SENDS[kind[1]], name) for name in _CL_ORD_ID.findall(raw))
    return found
