"""The FIX data dictionary: names for people, and a relaxed copy for the engine.

With the stock dictionary the engine rejects a message for an unknown enum, a
missing tag or an odd number, and a fill would be lost with it. The relaxed copy
knows the same fields and repeating groups, so that messages are taken apart
rightly, but judges nothing; judging is `reports`' business. Nor does it know data fields:
the engine believes the length before one, whatever it is, and dies of a negative one.
"""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from domain.errors import BadInputError

_STRUCTURAL = frozenset({"NUMINGROUP", "SEQNUM"})
_DATA = frozenset({"DATA", "XMLDATA"})
_ORDERS = "NoOrders"
_STRATEGIES = "NoStrategyParameters"
_STRATEGY_FIELDS = (
    ("957", _STRATEGIES, "NUMINGROUP"),
    ("958", "StrategyParameterName", "STRING"),
    ("959", "StrategyParameterType", "INT"),
    ("960", "StrategyParameterValue", "STRING"),
)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Names of tags, of message types and of enum values, as the dictionary spells them."""

    tags: dict[int, str]
    messages: dict[str, str]
    enums: dict[tuple[int, str], str]

    def meaning(self, tag: int, value: str) -> str | None:
        """`PARTIALLY_FILLED` for tag 39, value 1; None for a value without a name."""
        return self.messages.get(value) if tag == 35 else self.enums.get((tag, value))


def standard_path(name: str = "FIX44") -> Path:
    """Where the engine's package installs a dictionary: FIX44, FIX50SP2 or FIXT11."""
    return Path(sys.prefix, "share", "quickfix", f"{name}.xml")


@cache
def load(path: Path) -> Dictionary:
    """Read a dictionary in QuickFIX's XML form; each file is read once."""
    root = _parse(path)
    fields = root.findall("./fields/field")
    return Dictionary(
        tags={int(field.attrib["number"]): field.attrib["name"] for field in fields},
        messages={
            m.attrib["msgtype"]: m.attrib["name"] for m in root.findall("./messages/message")
        },
        enums={
            (int(field.attrib["number"]), value.attrib["enum"]): value.attrib["description"]
            for field in fields
            for value in field.findall("value")
        },
    )


def write_relaxed(source: Path, target: Path) -> None:
    """Write a copy of `source` that no application message can fail to pass."""
    root = _parse(source)
    _add_strategies(root)
    strict: set[str] = {
        e.attrib["name"]
        for part in ("header", "trailer")
        for e in root.iter(part)
        for e in e.iter("field")
    }
    for message in root.findall("./messages/message"):
        if message.attrib["msgcat"] == "admin":
            strict |= {element.attrib["name"] for element in message.iter("field")}
            continue
        _make_optional(message)
    for component in root.findall("./components/component"):
        _make_optional(component)
    _forget_data(root)
    for field in root.findall("./fields/field"):
        if field.attrib["name"] in strict:
            continue
        if field.attrib["type"] not in _STRUCTURAL:
            field.attrib["type"] = "STRING"
        for value in field.findall("value"):
            field.remove(value)
    ET.ElementTree(root).write(target, encoding="utf-8")


def write_for_sending(
    relaxed: Path, target: Path, types: Collection[str], *, in_lists: Collection[int] = ()
) -> None:
    """Write a copy of a relaxed dictionary with the messages of these types alone.

    The engine reads it in a twentieth of the time, which is a second for FIX 5.0 SP2. `in_lists`
    are a broker's own tags of the orders in a list: what the group does not name would end it.
    """
    root = _parse(relaxed)
    if in_lists:
        _add_to_lists(root, in_lists)
    messages = root.find("./messages")
    assert messages is not None
    for message in list(messages):
        if message.attrib["msgtype"] not in types:
            messages.remove(message)
    ET.ElementTree(root).write(target, encoding="utf-8")


def write_transport(source: Path, target: Path) -> None:
    """Write a copy of FIXT's own dictionary that is as strict, and knows no data fields."""
    root = _parse(source)
    _forget_data(root)
    ET.ElementTree(root).write(target, encoding="utf-8")


def _forget_data(root: ET.Element) -> None:
    for field in root.findall("./fields/field"):
        if field.attrib["type"] in _DATA:
            field.attrib["type"] = "STRING"


def _add_strategies(root: ET.Element) -> None:
    """StrategyParametersGrp came with FIX 5.0; over FIX 4.4 brokers take it all the same."""
    fields = root.find("./fields")
    assert fields is not None
    known = {field.attrib["number"] for field in fields}
    for number, name, kind in _STRATEGY_FIELDS:
        if number not in known:
            ET.SubElement(fields, "field", number=number, name=name, type=kind)
    has_group = any(e.attrib["name"] == _STRATEGIES for e in root.iter("group"))
    for message in () if has_group else root.findall("./messages/message"):
        if message.attrib["msgtype"] in ("D", "G"):
            _strategies_into(message)
    listed = None if has_group else _orders_of_a_list(root)
    if listed is not None:
        _strategies_into(listed)


def _strategies_into(parent: ET.Element) -> None:
    group = ET.SubElement(parent, "group", name=_STRATEGIES, required="N")
    for _, name, _ in _STRATEGY_FIELDS[1:]:
        ET.SubElement(group, "field", name=name, required="N")


def _add_to_lists(root: ET.Element, tags: Collection[int]) -> None:
    fields, group = root.find("./fields"), _orders_of_a_list(root)
    assert fields is not None
    if group is None:
        return
    names = {field.attrib["number"]: field.attrib["name"] for field in fields}
    there = {element.attrib["name"] for element in group}
    for tag in sorted(tags):
        name = names.get(str(tag)) or f"Own{tag}"
        if str(tag) not in names:
            ET.SubElement(fields, "field", number=str(tag), name=name, type="STRING")
        if name not in there:
            ET.SubElement(group, "field", name=name, required="N")


def _orders_of_a_list(root: ET.Element) -> ET.Element | None:
    """The group of NewOrderList (35=E), in the message or in one of its components."""
    components = {one.attrib["name"]: one for one in root.findall("./components/component")}
    parts = root.findall("./messages/message[@msgtype='E']")
    while parts:
        part = parts.pop()
        for element in part:
            if element.tag == "group" and element.attrib["name"] == _ORDERS:
                return element
            if element.tag == "component" and element.attrib["name"] in components:
                parts.append(components.pop(element.attrib["name"]))
    return None


def _make_optional(parent: ET.Element) -> None:
    for element in parent.iter():
        if "required" in element.attrib:
            element.attrib["required"] = "N"


def _parse(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - a local file that the operator chose
    except (OSError, ET.ParseError) as error:
        raise BadInputError(f"{path} is not a readable FIX data dictionary: {error}") from error
