"""Values that are made by the dozen for each message: frozen dataclasses, made without a detour.

`dataclasses` fills a frozen one through `object.__setattr__`, which looks each field up again;
here a slot's own descriptor does. What is made is the same in every way.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")
_COPIERS: dict[type, Callable[[Any], dict[str, Any]]] = {}


def quickly_made(kind: type[T]) -> type[T]:
    """Give a frozen dataclass with slots, whose fields come by keyword, a quicker `__init__`."""
    every = fields(kind)  # type: ignore[arg-type]  # A dataclass, or this raises TypeError.
    lines = [f"    set_{field.name}(self, {field.name})" for field in every]
    if hasattr(kind, "__post_init__"):
        lines.append("    self.__post_init__()")
    names: dict[str, Any] = {f"set_{one.name}": vars(kind)[one.name].__set__ for one in every}
    names |= {f"default_{one.name}": one.default for one in every}
    made = _function(f"def __init__(self, *, {', '.join(map(_parameter, every))}):", lines, names)
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__annotations__ = {**{field.name: field.type for field in every}, "return": None}
    kind.__init__ = made  # type: ignore[method-assign]  # As `dataclasses` does it.
    items = ", ".join(f"{field.name!r}: value.{field.name}" for field in every)
    _COPIERS[kind] = _function("def copied(value):", [f"    return {{{items}}}"], {})
    return kind


def with_changes(value: T, **changes: object) -> T:
    """`dataclasses.replace` for what is quickly made."""
    kind = type(value)
    known: Mapping[str, object] = _COPIERS[kind](value)
    return kind(**{**known, **changes})


def _parameter(field: Field[Any]) -> str:
    assert field.default_factory is MISSING
    return field.name if field.default is MISSING else f"{field.name}=default_{field.name}"


def _function(head: str, body: list[str], names: dict[str, Any]) -> Any:
    """A function of this text that knows these names."""
    exec("\n".join([head, *body]), names)  # noqa: S102 - the fields' names of our own class
    return names[head.removeprefix("def ").partition("(")[0]]
