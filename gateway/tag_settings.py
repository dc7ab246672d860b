"""A profile's own tags: `[venues.X.tags]`, and which tags nobody but the gateway writes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.dialect import TARGET_STRATEGY, CustomTag, Kind
from gateway.named_values import NAMES, names_in
from gateway.refusing import nearest, refuse

TEXT = re.compile(r"[ -~]{1,120}")  # What a field of a profile may carry.
SESSIONS_OWN = frozenset({8, 9, 10, 34, 35, 43, 49, 52, 56, 95, 96, 97, 122, 369, 553, 554, 925})
OUR_OWN = frozenset(
    {66, 67, 68, 70, 73, 78, 79, 80, 152, 394, 433, 893}
    | {1, 11, 15, 18, 21, 22, 37, 38, 40, 41, 44, 48, 54, 55, 58, 59, 60, 99, 126, 168, 211, 432}
    | {583, TARGET_STRATEGY, 849, 957, 958, 959, 960, 1094}
)
MESSAGES = {kind.name.lower(): kind for kind in Kind}
_TAG = re.compile(r"[1-9][0-9]{0,5}")


def read_tags(table: Mapping[str, Any], where: str) -> Iterable[CustomTag]:
    """Tags of every message, and of single kinds of message in tables of their own."""
    for name, value in table.items():
        if name not in MESSAGES:
            yield _tag(name, value, where, frozenset(Kind))
            continue
        if not isinstance(value, Mapping):
            refuse(where, f"{name} = {value!r} must be a table of tags")
        inner, outer = where.replace("]", f".{name}]"), where.partition(": ")[2]
        for tag, text in value.items():
            if tag in table:
                refuse(inner, f"{tag} is in {outer} for every message already; keep one")
            yield _tag(tag, text, inner, frozenset({MESSAGES[name]}))


def _tag(name: str, text: Any, where: str, kinds: frozenset[Kind]) -> CustomTag:
    number = check_tag(name, where)
    if not (isinstance(text, str) and TEXT.fullmatch(text)):
        refuse(where, f"{name} = {text!r} must be a text of 1 to 120 printable ASCII characters")
    for named in names_in(text):
        if named not in NAMES:
            refuse(where, f"{name} names {{{named}}}; {nearest(named, NAMES)}")
    return CustomTag(tag=number, text=text, kinds=kinds)


def check_tag(name: str, where: str) -> int:
    """The number of a tag that a profile may write. Raises `ConfigError`."""
    if not _TAG.fullmatch(name):
        near = nearest(name, MESSAGES)
        refuse(where, f"{name} is neither a tag nor a kind of message; {near}")
    number = int(name)
    if number in SESSIONS_OWN:
        refuse(where, f"tag {number} belongs to the session; take it out")
    if number in OUR_OWN:
        refuse(where, f"tag {number} is written from the order itself; take it out")
    return number
