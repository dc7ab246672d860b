"""A venue's dialect as its table in the configuration says it.

Every key is checked before anything starts: what is refused names the table, the
key, the value and what to write instead.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from domain.allocations import AllocationMode
from domain.orders import OrdType, PegTo, TimeInForce
from gateway.algo_settings import read_algos
from gateway.dialect import Dialect, words
from gateway.refusing import nearest, refuse
from gateway.tag_settings import read_tags

KEYS: Mapping[str, type] = MappingProxyType(
    {
        "handling": int,
        "kinds": list,
        "times": list,
        "pegs": list,
        "expire_times": bool,
        "maximum_quantity": int,
        "maximum_notional": int,
        "strategies": dict,
        "tags": dict,
        "allocations": str,
        "daily_allocations": bool,
        "allocation_accounts": dict,
        "lists": bool,
        "list_orders": int,
        "list_execution": str,
        "list_status": bool,
        "list_algorithms": bool,
    }
)
"""Keys of a venue's table that are read here, with their TOML types."""

_Member = TypeVar("_Member", bound=StrEnum)
_ACCOUNT = re.compile(r"[!-~]{1,64}")
_LIST_ORDERS, _MOST_LIST_ORDERS = 100, 1000
_OF_LISTS = ("list_orders", "list_execution", "list_status", "list_algorithms")
_BEGINS = ("at_once", "when_told")


def read_dialect(table: Mapping[str, Any], *, is_fifty: bool, where: str) -> Dialect:
    """The dialect of a venue's table; `where` names it. Raises `ConfigError`."""
    handling = table.get("handling", 1)
    if handling not in (1, 2, 3):
        refuse(
            where,
            f"handling = {handling} is no HandlInst; write 1 (automated), "
            "2 (automated, the broker may intervene) or 3 (by hand)",
        )
    return Dialect(
        is_fifty=is_fifty,
        handling=str(handling),
        kinds=_members(table, "kinds", OrdType, where),
        times=_members(table, "times", TimeInForce, where),
        pegs=_members(table, "pegs", PegTo, where),
        expire_times=bool(table.get("expire_times", False)),
        maximum_quantity=_most(table, "maximum_quantity", where),
        maximum_notional=_most(table, "maximum_notional", where),
        algos=read_algos(table.get("strategies"), where.replace("]", ".strategies]")),
        tags=tuple(read_tags(table.get("tags", {}), where.replace("]", ".tags]"))),
        allocations=_allocations(table, where),
        daily_allocations=_daily(table, where),
        accounts=_accounts(table, where.replace("]", ".allocation_accounts]")),
        list_orders=_list_orders(table, where),
        lists_wait=_lists_wait(table, where),
        asks_lists=bool(table.get("list_status", False)),
        list_algos=_list_algos(table, where),
    )


def _allocations(table: Mapping[str, Any], where: str) -> AllocationMode:
    known = {mode.value: mode for mode in AllocationMode}
    given = table.get("allocations", AllocationMode.NONE.value)
    if given not in known:
        refuse(where, f"allocations = {given!r}; {nearest(given, known)}")
    return known[given]


def _daily(table: Mapping[str, Any], where: str) -> bool:
    daily = bool(table.get("daily_allocations", False))
    if daily and table.get("allocations") != AllocationMode.AFTER.value:
        refuse(where, 'daily_allocations says nothing without allocations = "after"; add that')
    return daily


def _accounts(table: Mapping[str, Any], where: str) -> Mapping[str, str]:
    """Our accounts by their numbers; the broker's names must tell them apart again."""
    accounts = table.get("allocation_accounts", {})
    used: dict[str, str] = {}
    for ours, theirs in accounts.items():
        if not (isinstance(theirs, str) and _ACCOUNT.fullmatch(theirs)):
            refuse(where, f"{ours} = {theirs!r} must be 1 to 64 printable characters, no spaces")
        if theirs in used:
            refuse(where, f"{ours} and {used[theirs]} are both {theirs!r}; each needs its own")
        used[theirs] = ours
    return MappingProxyType(dict(accounts))


def _list_orders(table: Mapping[str, Any], where: str) -> int:
    """Orders in one message of a list; 0 where the venue takes no lists."""
    size = table.get("list_orders", _LIST_ORDERS)
    if not 1 <= size <= _MOST_LIST_ORDERS:
        refuse(where, f"list_orders = {size}; a message carries 1 to {_MOST_LIST_ORDERS} orders")
    given = [key for key in _OF_LISTS if key in table]
    if given and not table.get("lists"):
        refuse(where, f"{given[0]} says nothing without lists = true; add that or take it out")
    return size if table.get("lists", False) else 0


def _lists_wait(table: Mapping[str, Any], where: str) -> bool:
    begins = table.get("list_execution", _BEGINS[0])
    if begins not in _BEGINS:
        refuse(where, f"list_execution = {begins!r}; {nearest(begins, _BEGINS)}")
    return bool(begins == _BEGINS[1])


def _list_algos(table: Mapping[str, Any], where: str) -> bool:
    wanted = bool(table.get("list_algorithms", False))
    if wanted and "strategies" not in table:
        refuse(where, "list_algorithms = true needs the broker's algorithms; add strategies")
    return wanted


def _members(
    table: Mapping[str, Any], key: str, kind: type[_Member], where: str
) -> frozenset[_Member]:
    """Those that are named; all where the key is left out."""
    if key not in table:
        return frozenset(kind)
    known = {words(member): member for member in kind}
    given = table[key]
    if not given:
        refuse(where, f"{key} = [] would take no order at all; leave it out for all of them")
    for one in given:
        if one not in known:
            refuse(where, f"{key} has {one!r}; {nearest(one, known)}")
    return frozenset(known[one] for one in given)


def _most(table: Mapping[str, Any], key: str, where: str) -> int | None:
    value: int | None = table.get(key)
    if value is not None and value < 1:
        refuse(where, f"{key} = {value} would take no order at all; leave it out for no limit")
    return value
