"""What the standard allows in a message: the data dictionaries that QuickFIX installs, read as XML.

A fault is what a session-level Reject (35=3) says: SessionRejectReason (373), RefTagID (371), Text.
Tags of 5000 and above are the users' own and are let through.
"""

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from simulator.fix.codec import Incoming
from simulator.fix.formats import FORMATS
from simulator.fix.profile import Version
from simulator.fix.rejection import Fault, Reason
from simulator.fix.walk import Layout, Walk

_MOST_SHAPES = 500  # Orders of tags remembered per message type.
_LONGEST_SHAPE = 100
_FIRST_USER_DEFINED = 5000
_TAG = re.compile(r"[1-9]\d{0,8}", re.ASCII)

# Beyond the dictionaries: what brokers take on FIX 4.4 sessions all the same.
_MORE_VALUES = {"OrdType": ("5", "B")}  # Market and Limit on close, of FIX 4.2.
_RESERVED_ABOVE = {"847": 1000}  # TargetStrategy: "1000 and above: by agreement of the two ends".


class DictionaryError(Exception):
    """A data dictionary is not there; the text names the file and the remedy."""


class Dictionary:
    """The messages of one version. Raises DictionaryError."""

    def __init__(self, version: Version) -> None:
        self.version = version
        roots = [_read(name) for name in _FILES[version]]
        self._names: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._checks: dict[str, Callable[[str], object]] = {}
        self._enums: dict[str, frozenset[str]] = {}
        for root in roots:
            for one in root.iterfind("fields/field"):
                self._define(one)
        self._components = {
            one.attrib["name"]: one
            for root in roots
            for one in root.iterfind("components/component")
        }
        self._messages = {
            one.attrib["msgtype"]: one
            for root in roots
            for one in root.iterfind("messages/message")
        }
        self._header, self._trailer = roots[0].find("header"), roots[0].find("trailer")
        self._layouts: dict[str, Layout] = {}

    def name(self, tag: str) -> str:
        """`ClOrdID(11)`; the bare number of a tag that has no name here."""
        return f"{self._names[tag]}({tag})" if tag in self._names else tag

    def check(self, message: Incoming) -> Fault | None:
        """The first thing that is wrong with a message, if anything is."""
        layout = self._layouts.get(message.kind) or self._layout(message.kind)
        if layout is None:
            return Fault(
                Reason.INVALID_MSG_TYPE, f"MsgType(35) {message.kind[:16]!r} is unknown", "35"
            )
        fields = message.fields
        shape = tuple(fields)
        checks = layout.shapes.get(shape)
        if checks is None or len(shape) != len(message.pairs):
            fault = self._structure(layout, message)
            if fault is not None:
                return fault
            if len(shape) != len(message.pairs):
                return self._values(message.pairs)
            checks = self._remember(layout, shape)
        for tag, check in checks:
            if not check(fields[tag]):
                return self._bad_value(tag, fields[tag])
        return None if "" not in fields.values() else self._empty(message)

    def members(self, kind: str, count: str) -> tuple[str, frozenset[str]]:
        """First field and all fields of a group of a message, nested ones included."""
        layout = self._layout(kind)
        assert layout is not None
        group = layout.groups[count]
        return group.delimiter, frozenset(_all_tags(group))

    def _define(self, one: ET.Element) -> None:
        tag, name, kind = one.attrib["number"], one.attrib["name"], one.attrib["type"]
        self._names[tag], self._tags[name] = name, tag
        enum = {value.attrib["enum"] for value in one.iterfind("value")}
        if not enum:
            if kind in FORMATS:
                self._checks[tag] = FORMATS[kind]
            return
        enum.update(_MORE_VALUES.get(name, ()))
        self._enums[tag] = frozenset(enum)
        if kind.startswith("MULTIPLE"):
            self._checks[tag] = _each_of(self._enums[tag])
        elif tag in _RESERVED_ABOVE:
            self._checks[tag] = _one_or_above(self._enums[tag], _RESERVED_ABOVE[tag])
        else:
            self._checks[tag] = self._enums[tag].__contains__

    def _layout(self, kind: str) -> Layout | None:
        if kind in self._layouts:
            return self._layouts[kind]
        message = self._messages.get(kind)
        if message is None:
            return None
        layout = Layout()
        for section, part in enumerate((self._header, message, self._trailer)):
            if part is not None:
                self._fill(layout, part, section, required=True)
        ordered = layout.groups.get(_LISTED) if kind == _LIST else layout
        if kind in _STRATEGY_KINDS and ordered is not None and "957" not in ordered.groups:
            _add_strategies(ordered)
        self._layouts[kind] = layout
        return layout

    def _fill(self, layout: Layout, parent: ET.Element, section: int, *, required: bool) -> None:
        for one in parent:
            needed = required and one.get("required") == "Y"
            if one.tag == "component":
                self._fill(layout, self._components[one.attrib["name"]], section, required=needed)
                continue
            tag = self._tags[one.attrib["name"]]
            layout.tags[tag] = section
            layout.delimiter = layout.delimiter or tag
            if needed:
                layout.required[tag] = None
            if one.tag == "group":
                layout.groups[tag] = group = Layout()
                self._fill(group, one, section, required=True)

    def _structure(self, layout: Layout, message: Incoming) -> Fault | None:
        walk = Walk(self, message.pairs)
        fault = walk.message(layout)
        if fault is not None:
            return fault
        for tag in layout.required:
            if tag not in message.fields and tag != "10":  # The framer has looked at CheckSum.
                return Fault(Reason.REQUIRED_TAG_MISSING, f"{self.name(tag)} is required", tag)
        return None

    def _remember(
        self, layout: Layout, shape: tuple[str, ...]
    ) -> list[tuple[str, Callable[[str], object]]]:
        checks = [(tag, self._checks[tag]) for tag in shape[2:] if tag in self._checks]
        if len(layout.shapes) < _MOST_SHAPES and len(shape) < _LONGEST_SHAPE:
            layout.shapes[shape] = checks
        return checks

    def _values(self, pairs: list[tuple[str, str]]) -> Fault | None:
        for tag, value in pairs[2:]:
            check = self._checks.get(tag)
            if check is not None and not check(value):
                return self._bad_value(tag, value)
        return None

    def _bad_value(self, tag: str, value: str) -> Fault:
        if not value:
            return Fault(Reason.TAG_WITHOUT_VALUE, f"{self.name(tag)} has no value", tag)
        shown = repr(value[:32])
        if tag in self._enums:
            return Fault(Reason.VALUE_INCORRECT, f"{self.name(tag)} cannot be {shown}", tag)
        return Fault(
            Reason.INCORRECT_DATA_FORMAT, f"{self.name(tag)} is badly formatted: {shown}", tag
        )

    def _empty(self, message: Incoming) -> Fault:
        tag = next(tag for tag, value in message.pairs if not value)
        return self._bad_value(tag, "")

    def unknown(self, tag: str) -> Fault | None:
        """What is wrong with a tag that a message does not have, if it is not a user's own."""
        if not _TAG.fullmatch(tag):
            return Fault(Reason.INVALID_TAG_NUMBER, f"{tag[:32]!r} is not a tag", "")
        if int(tag) >= _FIRST_USER_DEFINED and tag not in self._names:
            return None
        if tag not in self._names:
            return Fault(Reason.UNDEFINED_TAG, f"tag {tag} is not defined", tag)
        return Fault(
            Reason.TAG_NOT_DEFINED_FOR_MESSAGE, f"{self.name(tag)} does not belong here", tag
        )


_FILES = {Version.FIX44: ("FIX44.xml",), Version.FIX50SP2: ("FIXT11.xml", "FIX50SP2.xml")}
_STRATEGY_KINDS = ("D", "E", "G")
_LIST, _LISTED = "E", "73"  # NewOrderList, and the group of its orders: NoOrders.


@cache
def dictionary(version: Version) -> Dictionary:
    """Read once. Raises DictionaryError."""
    return Dictionary(version)


def _read(name: str) -> ET.Element:
    path = Path(sys.prefix) / "share" / "quickfix" / name
    try:
        return ET.parse(path).getroot()  # noqa: S314  Installed with QuickFIX, not from a stranger.
    except (OSError, ET.ParseError) as error:
        raise DictionaryError(
            f"{path}: QuickFIX's data dictionary cannot be read ({error}); install quickfix again"
        ) from error


def _add_strategies(layout: Layout) -> None:
    """NoStrategyParameters (957), of FIX 5.0 and by custom of 4.4: name, type and value."""
    layout.tags["957"] = 1
    group = Layout(delimiter="958", tags={"958": 1, "959": 1, "960": 1}, required={"958": None})
    layout.groups["957"] = group


def _each_of(allowed: frozenset[str]) -> Callable[[str], object]:
    return lambda value: value != "" and allowed.issuperset(value.split(" "))


def _one_or_above(allowed: frozenset[str], floor: int) -> Callable[[str], object]:
    return lambda value: (
        value in allowed
        or (value.isascii() and value.isdigit() and len(value) < 10 and int(value) >= floor)
    )


def _all_tags(layout: Layout) -> Iterator[str]:
    yield from layout.tags
    for group in layout.groups.values():
        yield from _all_tags(group)
