"""One pass over the fields of a message against what may stand in it, groups and all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from simulator.fix.rejection import Fault, Reason


@dataclass(slots=True)
class Layout:
    """What may stand in a message, or in one instance of a group."""

    tags: dict[str, int] = field(default_factory=dict)  # Section: header 0, body 1, trailer 2.
    required: dict[str, None] = field(default_factory=dict)  # In the dictionary's order.
    groups: dict[str, "Layout"] = field(default_factory=dict)  # By the field that counts them.
    delimiter: str = ""  # First field of each instance of a group.
    shapes: dict[tuple[str, ...], list[tuple[str, Callable[[str], object]]]] = field(
        default_factory=dict
    )


class Names(Protocol):
    """What a walk asks of the dictionary."""

    def name(self, tag: str) -> str: ...

    def unknown(self, tag: str) -> Fault | None: ...


class Walk:
    """One pass over the fields of a message, groups and all."""

    def __init__(self, names: Names, pairs: list[tuple[str, str]]) -> None:
        self._names = names
        self._pairs = pairs
        self._at = 0

    def message(self, layout: Layout) -> Fault | None:
        seen: set[str] = set()
        section = 0
        while self._at < len(self._pairs):
            tag, value = self._pairs[self._at]
            self._at += 1
            fault = self._field(layout, tag, value, seen)
            if fault is not None:
                return fault
            here = layout.tags.get(tag, max(section, 1))
            if here < section:
                return Fault(
                    Reason.TAG_OUT_OF_ORDER, f"{self._names.name(tag)} is out of order", tag
                )
            section = here
            if tag in layout.groups and (fault := self._group(layout.groups[tag], tag, value)):
                return fault
        return None

    def _field(self, layout: Layout, tag: str, value: str, seen: set[str]) -> Fault | None:
        name = self._names.name(tag)
        if tag not in layout.tags and (fault := self._names.unknown(tag)):
            return fault
        if tag in seen:
            return Fault(Reason.TAG_APPEARS_TWICE, f"{name} comes more than once", tag)
        if not value:
            return Fault(Reason.TAG_WITHOUT_VALUE, f"{name} has no value", tag)
        seen.add(tag)
        return None

    def _group(self, layout: Layout, count: str, value: str) -> Fault | None:
        """The instances after a count field, each beginning with the group's first field."""
        name = self._names.name(count)
        instances = 0
        while self._at < len(self._pairs) and self._pairs[self._at][0] == layout.delimiter:
            instances += 1
            fault = self._instance(layout)
            if fault is not None:
                return fault
        if (
            not instances
            and self._at < len(self._pairs)
            and self._pairs[self._at][0] in layout.tags
        ):
            return Fault(
                Reason.GROUP_OUT_OF_ORDER,
                f"{name}: each instance must begin with {self._names.name(layout.delimiter)}",
                self._pairs[self._at][0],
            )
        if value != str(instances):
            return Fault(
                Reason.GROUP_COUNT, f"{name} says {value[:9]}, there are {instances}", count
            )
        return None

    def _instance(self, layout: Layout) -> Fault | None:
        seen: set[str] = set()
        while self._at < len(self._pairs):
            tag, value = self._pairs[self._at]
            if tag not in layout.tags or (tag == layout.delimiter and seen):
                break
            self._at += 1
            fault = self._field(layout, tag, value, seen)
            if fault is None and tag in layout.groups:
                fault = self._group(layout.groups[tag], tag, value)
            if fault is not None:
                return fault
        for tag in layout.required:
            if tag not in seen:
                name = self._names.name(tag)
                return Fault(Reason.REQUIRED_TAG_MISSING, f"{name} is required", tag)
        return None
