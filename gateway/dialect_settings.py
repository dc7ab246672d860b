"""A venue's dialect as its table in the configuration says it.

Every key is checked before anything starts: what is refused names the table, the
key, the value and what to write instead.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from domain.allocations import AllocationMode
from domain.errors import ConfigError
from domain.orders import OrdType, PegTo, Strategy, TimeInForce
from gateway.dialect import TARGET_STRATEGY, AlgoForm, CustomTag, Dialect, Kind, words
from gateway.named_values import NAMES, names_in

KEYS: Mapping[str, type] = MappingProxyType(
    {
        "handling": int,
        "kinds": list,
        "times": list,
        "pegs": list,
        "maximum_quantity": int,
        "maximum_notional": int,
        "strategies": dict,
        "tags": dict,
        "allocations": str,
        "allocation_accounts": dict,
        "lists": bool,
        "list_orders": int,
    }
)
"""Keys of a venue's table that are read here, with their TOML types."""

_Member = TypeVar("_Member", bound=StrEnum)
_ACCOUNT = re.compile(r"[!-~]{1,64}")
_LIST_ORDERS, _MOST_LIST_ORDERS = 100, 1000
_TEXT = re.compile(r"[ -~]{1,120}")
_TAG = re.compile(r"[1-9][0-9]{0,5}")
_MESSAGES = {kind.name.lower(): kind for kind in Kind}
_SESSIONS_OWN = frozenset({8, 9, 10, 34, 35, 43, 49, 52, 56, 95, 96, 97, 122, 369, 553, 554, 925})
_OUR_OWN = frozenset(
    {66, 67, 68, 70, 73, 78, 79, 80}
    | {1, 11, 15, 18, 21, 22, 37, 38, 40, 41, 44, 48, 54, 55, 58, 59, 60, 99, 126, 168, 211, 432}
    | {583, TARGET_STRATEGY, 849, 957, 958, 959, 960, 1094}
)
_CODES = {  # Codes from 1000 on are free for bilateral use.
    Strategy.VWAP: "1",
    Strategy.POV: "2",
    Strategy.TWAP: "1000",
}
_GROUP_NAMES = {"start": "StartTime", "end": "EndTime", "participation": "ParticipationRate"}
_FORM_KEYS: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "tag": (int,),
        "parameters": (str,),
        "start": (int, str),
        "end": (int, str),
        "participation": (int, str),
        "participation_as": (str,),
        "fixed": (dict,),
    }
)


def read_dialect(table: Mapping[str, Any], *, is_fifty: bool, where: str) -> Dialect:
    """The dialect of a venue's table; `where` names it. Raises `ConfigError`."""
    handling = table.get("handling", 1)
    if handling not in (1, 2, 3):
        raise ConfigError(
            f"{where}: handling = {handling} is no HandlInst; write 1 (automated), "
            "2 (automated, the broker may intervene) or 3 (by hand)"
        )
    return Dialect(
        is_fifty=is_fifty,
        handling=str(handling),
        kinds=_members(table, "kinds", OrdType, where),
        times=_members(table, "times", TimeInForce, where),
        pegs=_members(table, "pegs", PegTo, where),
        maximum_quantity=_most(table, "maximum_quantity", where),
        maximum_notional=_most(table, "maximum_notional", where),
        algos=_algos(table.get("strategies"), where.replace("]", ".strategies]")),
        tags=tuple(_tags(table.get("tags", {}), where.replace("]", ".tags]"))),
        allocations=_allocations(table, where),
        accounts=_accounts(table, where.replace("]", ".allocation_accounts]")),
        list_orders=_list_orders(table, where),
    )


def _allocations(table: Mapping[str, Any], where: str) -> AllocationMode:
    known = {mode.value: mode for mode in AllocationMode}
    given = table.get("allocations", AllocationMode.NONE.value)
    if given not in known:
        _refuse(where, f"allocations = {given!r}; {_nearest(given, known)}")
    return known[given]


def _accounts(table: Mapping[str, Any], where: str) -> Mapping[str, str]:
    """Our accounts by their numbers; the broker's names must tell them apart again."""
    accounts = table.get("allocation_accounts", {})
    used: dict[str, str] = {}
    for ours, theirs in accounts.items():
        if not (isinstance(theirs, str) and _ACCOUNT.fullmatch(theirs)):
            _refuse(where, f"{ours} = {theirs!r} must be 1 to 64 printable characters, no spaces")
        if theirs in used:
            _refuse(where, f"{ours} and {used[theirs]} are both {theirs!r}; each needs its own")
        used[theirs] = ours
    return MappingProxyType(dict(accounts))


def _list_orders(table: Mapping[str, Any], where: str) -> int:
    """Orders in one message of a list; 0 where the venue takes no lists."""
    size = table.get("list_orders", _LIST_ORDERS)
    if not 1 <= size <= _MOST_LIST_ORDERS:
        _refuse(where, f"list_orders = {size}; a message carries 1 to {_MOST_LIST_ORDERS} orders")
    if "list_orders" in table and not table.get("lists"):
        _refuse(where, "list_orders says nothing without lists = true; add that or take it out")
    return size if table.get("lists", False) else 0


def _members(
    table: Mapping[str, Any], key: str, kind: type[_Member], where: str
) -> frozenset[_Member]:
    """Those that are named; all where the key is left out."""
    if key not in table:
        return frozenset(kind)
    known = {words(member): member for member in kind}
    given = table[key]
    if not given:
        _refuse(where, f"{key} = [] would take no order at all; leave it out for all of them")
    for one in given:
        if one not in known:
            _refuse(where, f"{key} has {one!r}; {_nearest(one, known)}")
    return frozenset(known[one] for one in given)


def _most(table: Mapping[str, Any], key: str, where: str) -> int | None:
    value: int | None = table.get(key)
    if value is not None and value < 1:
        _refuse(where, f"{key} = {value} would take no order at all; leave it out for no limit")
    return value


def _algos(table: Mapping[str, Any] | None, where: str) -> Mapping[Strategy, AlgoForm]:
    """The forms of the algorithms that are named; of all three where none is."""
    if table is None:
        return MappingProxyType({})
    own = {name: value for name, value in table.items() if name in Strategy.__members__}
    common = {name: value for name, value in table.items() if name not in own}
    _check_form(common, where)
    if not own:
        own = {strategy.value: {} for strategy in Strategy}
    return MappingProxyType(
        {Strategy(name): _algo(Strategy(name), one, common, where) for name, one in own.items()}
    )


def _algo(strategy: Strategy, one: Any, common: Mapping[str, Any], where: str) -> AlgoForm:
    if isinstance(one, str):
        one = {"value": one}
    if not isinstance(one, Mapping):
        _refuse(
            where, f'{strategy} = {one!r} must be a text such as "{_CODES[strategy]}", or a table'
        )
    own = {key: value for key, value in one.items() if key != "value"}
    where = where.replace("]", f".{strategy}]")
    _check_form(own, where)
    given = {**common, **own}
    grouped = given.get("parameters", "tags") == "group"
    value = one.get("value", _CODES[strategy])
    if not (isinstance(value, str) and _TEXT.fullmatch(value)):
        _refuse(where, f"value = {value!r} must be a text of 1 to 120 printable ASCII characters")
    tag = given.get("tag", TARGET_STRATEGY)
    if tag in _SESSIONS_OWN or (tag in _OUR_OWN and tag != TARGET_STRATEGY):
        _refuse(where, f"tag = {tag} has a meaning of its own; name the broker's tag, or 847")
    usual = _GROUP_NAMES if grouped else {"start": 168, "end": 126, "participation": 849}
    names = {
        key: _parameter(given.get(key, usual[key]), key, where, grouped=grouped) for key in usual
    }
    return AlgoForm(
        value=value,
        tag=tag,
        grouped=grouped,
        in_percent=given.get("participation_as", "fraction") == "percent",
        fixed=tuple(_fixed(given.get("fixed", {}), where, grouped=grouped)),
        **names,
    )


def _check_form(table: Mapping[str, Any], where: str) -> None:
    """Keys and types of what says how algorithms are asked for."""
    for key, value in table.items():
        kinds = _FORM_KEYS.get(key)
        if kinds is None:
            _refuse(where, f"unknown key {key}; {_nearest(key, [*_FORM_KEYS, *Strategy])}")
        if type(value) not in kinds:
            names = " or ".join(kind.__name__ for kind in kinds)
            _refuse(where, f"{key} = {value!r} must be of type {names}")
    for key, choices in (
        ("parameters", ("tags", "group")),
        ("participation_as", ("fraction", "percent")),
    ):
        if table.get(key, choices[0]) not in choices:
            _refuse(where, f"{key} = {table[key]!r}; {_nearest(table[key], choices)}")
    if not 0 < table.get("tag", 1) < 10**6:
        _refuse(where, f"tag = {table['tag']} is no tag; write 1 to 999999")


def _parameter(value: int | str, key: str, where: str, *, grouped: bool) -> str:
    """The tag of a parameter, or its name in the group; empty: the broker does not take it."""
    if value in ("", 0):
        return ""
    if grouped:
        if not isinstance(value, str) or not _TEXT.fullmatch(value):
            _refuse(where, f'{key} = {value!r} must be a name such as "{_GROUP_NAMES[key]}", or ""')
        return value
    if not isinstance(value, int) or not 0 < value < 10**6:
        _refuse(where, f'{key} = {value!r} must be a tag; names are for parameters = "group"')
    return str(value)


def _fixed(table: Mapping[str, Any], where: str, *, grouped: bool) -> Iterable[tuple[str, str]]:
    for name, text in table.items():
        if not (isinstance(text, str) and _TEXT.fullmatch(text)):
            _refuse(where, f"fixed.{name} = {text!r} must be a text of printable ASCII characters")
        if not grouped:
            _check_tag(name, f"{where}: fixed")
        yield name, text


def _tags(table: Mapping[str, Any], where: str) -> Iterable[CustomTag]:
    """Tags of every message, and of single kinds of message in tables of their own."""
    for name, value in table.items():
        if name not in _MESSAGES:
            yield _tag(name, value, where, frozenset(Kind))
            continue
        if not isinstance(value, Mapping):
            _refuse(where, f"{name} = {value!r} must be a table of tags")
        inner, outer = where.replace("]", f".{name}]"), where.partition(": ")[2]
        for tag, text in value.items():
            if tag in table:
                _refuse(inner, f"{tag} is in {outer} for every message already; keep one")
            yield _tag(tag, text, inner, frozenset({_MESSAGES[name]}))


def _tag(name: str, text: Any, where: str, kinds: frozenset[Kind]) -> CustomTag:
    number = _check_tag(name, where)
    if not (isinstance(text, str) and _TEXT.fullmatch(text)):
        _refuse(where, f"{name} = {text!r} must be a text of 1 to 120 printable ASCII characters")
    for named in names_in(text):
        if named not in NAMES:
            _refuse(where, f"{name} names {{{named}}}; {_nearest(named, NAMES)}")
    return CustomTag(tag=number, text=text, kinds=kinds)


def _check_tag(name: str, where: str) -> int:
    if not _TAG.fullmatch(name):
        near = _nearest(name, _MESSAGES)
        _refuse(where, f"{name} is neither a tag nor a kind of message; {near}")
    number = int(name)
    if number in _SESSIONS_OWN:
        _refuse(where, f"tag {number} belongs to the session; take it out")
    if number in _OUR_OWN:
        _refuse(where, f"tag {number} is written from the order itself; take it out")
    return number


def _nearest(given: object, known: Iterable[str]) -> str:
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(given).lower(), names, n=1)
    return f"did you mean {names[near[0]]}?" if near else f"known are {', '.join(names.values())}"


def _refuse(where: str, what: str) -> NoReturn:
    raise ConfigError(f"{where}: {what}")
