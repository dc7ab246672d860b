"""By which fields a broker's algorithms are asked for: `[venues.X.strategies]`."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from domain.orders import Strategy
from gateway.dialect import TARGET_STRATEGY, AlgoForm
from gateway.refusing import nearest, refuse
from gateway.tag_settings import OUR_OWN, SESSIONS_OWN, TEXT, check_tag

_CODES = {  # Codes from 1000 on are free for bilateral use.
    Strategy.VWAP: "1",
    Strategy.POV: "2",
    Strategy.TWAP: "1000",
}
_GROUP_NAMES = {"start": "StartTime", "end": "EndTime", "participation": "ParticipationRate"}
_TAGS = {"start": 168, "end": 126, "participation": 849}
_USUAL_TAGS = frozenset(_TAGS.values())
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


def read_algos(table: Mapping[str, Any] | None, where: str) -> Mapping[Strategy, AlgoForm]:
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
        refuse(
            where, f'{strategy} = {one!r} must be a text such as "{_CODES[strategy]}", or a table'
        )
    own = {key: value for key, value in one.items() if key != "value"}
    where = where.replace("]", f".{strategy}]")
    _check_form(own, where)
    given = {**common, **own}
    grouped = given.get("parameters", "tags") == "group"
    value = one.get("value", _CODES[strategy])
    if not (isinstance(value, str) and TEXT.fullmatch(value)):
        refuse(where, f"value = {value!r} must be a text of 1 to 120 printable ASCII characters")
    tag = given.get("tag", TARGET_STRATEGY)
    if tag in SESSIONS_OWN or (tag in OUR_OWN and tag != TARGET_STRATEGY):
        refuse(where, f"tag = {tag} has a meaning of its own; name the broker's tag, or 847")
    usual: Mapping[str, int | str] = _GROUP_NAMES if grouped else _TAGS
    names = {
        key: _parameter(given.get(key, usual[key]), key, where, grouped=grouped) for key in usual
    }
    fixed = tuple(_fixed(given.get("fixed", {}), where, grouped=grouped))
    used = [*filter(None, names.values()), *(name for name, _ in fixed)]
    _refuse_doubles(used if grouped else [*used, str(tag)], where)
    return AlgoForm(
        value=value,
        tag=tag,
        grouped=grouped,
        in_percent=given.get("participation_as", "fraction") == "percent",
        fixed=fixed,
        **names,
    )


def _refuse_doubles(names: Sequence[str], where: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        refuse(where, f"{twice} is used for two things; each needs its own")


def _check_form(table: Mapping[str, Any], where: str) -> None:
    """Keys and types of what says how algorithms are asked for."""
    for key, value in table.items():
        kinds = _FORM_KEYS.get(key)
        if kinds is None:
            refuse(where, f"unknown key {key}; {nearest(key, [*_FORM_KEYS, *Strategy])}")
        if type(value) not in kinds:
            names = " or ".join(kind.__name__ for kind in kinds)
            refuse(where, f"{key} = {value!r} must be of type {names}")
    for key, choices in (
        ("parameters", ("tags", "group")),
        ("participation_as", ("fraction", "percent")),
    ):
        if table.get(key, choices[0]) not in choices:
            refuse(where, f"{key} = {table[key]!r}; {nearest(table[key], choices)}")
    if not 0 < table.get("tag", 1) < 10**6:
        refuse(where, f"tag = {table['tag']} is no tag; write 1 to 999999")


def _parameter(value: int | str, key: str, where: str, *, grouped: bool) -> str:
    """The tag of a parameter, or its name in the group; empty: the broker does not take it."""
    if value in ("", 0):
        return ""
    if grouped:
        if not isinstance(value, str) or not TEXT.fullmatch(value):
            refuse(where, f'{key} = {value!r} must be a name such as "{_GROUP_NAMES[key]}", or ""')
        return value
    if not isinstance(value, int) or not 0 < value < 10**6:
        refuse(where, f'{key} = {value!r} must be a tag; names are for parameters = "group"')
    if value in (SESSIONS_OWN | OUR_OWN) - _USUAL_TAGS:
        refuse(where, f"{key} = {value} has a meaning of its own; name the broker's tag")
    return str(value)


def _fixed(table: Mapping[str, Any], where: str, *, grouped: bool) -> Iterable[tuple[str, str]]:
    for name, text in table.items():
        if not (isinstance(text, str) and TEXT.fullmatch(text)):
            refuse(where, f"fixed.{name} = {text!r} must be a text of printable ASCII characters")
        if not grouped:
            check_tag(name, f"{where}: fixed")
        yield name, text
