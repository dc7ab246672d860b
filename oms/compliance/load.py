"""Loading rules: a TOML file is taken whole or refused whole.

A refusal names every line that is wrong, with the nearest valid name, and the
examples that a rule itself fails; what was in force stays in force. A file may
enable packs that ship, for some types of account and without some of their rules.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from oms.compliance.account_types import AccountType
from oms.compliance.nearest import nearest
from oms.compliance.rule_reader import RuleReader
from oms.compliance.rules import Rule
from oms.compliance.toml_tables import Place, RuleFileError, RuleProblem

PACKS = Path(__file__).with_name("packs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enabling:
    """A pack that the firm enables, for whom, and without which of its rules."""

    pack: str
    account_types: tuple[AccountType, ...] = ()
    leave_out: tuple[str, ...] = ()


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Read, check and try out the rules of a TOML file. Raises `RuleFileError`."""
    return read_rules(content_of(path), path.name)


def content_of(path: Path) -> bytes:
    """The bytes of a rule file. Raises `RuleFileError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        problem = RuleProblem(str(path), 0, f"cannot be read: {error.strerror}")
        raise RuleFileError([problem]) from error


def read_rules(
    content: bytes, file: str, packs: Mapping[str, str] | None = None
) -> tuple[Rule, ...]:
    """As `load_rules`, from the file's bytes; `packs` stand in for those that ship."""
    try:
        text = content.decode("utf-8")
        document = tomllib.loads(text, parse_float=Decimal)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RuleFileError([RuleProblem(file, line, "is not UTF-8 text")]) from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise RuleFileError([RuleProblem(file, line, f"is not TOML: {error}")]) from error
    reader = RuleReader(file, text, hashlib.sha256(content).hexdigest())
    rules = reader.rules(document)
    reader.try_examples(rules)
    enabled = () if reader.problems else _enabled(reader, document, packs)
    taken = {rule.rule_id: rule.source.file for rule in enabled}
    for rule in rules:
        if pack := taken.get(rule.rule_id):
            reader.say(
                rule.source.line,
                f"id {rule.rule_id!r} is taken by {pack}: leave that one out, or choose another id",
            )
    if reader.problems:
        raise RuleFileError(sorted(reader.problems, key=lambda problem: problem.line))
    return (*enabled, *rules)


def load_pack(name: str) -> tuple[Rule, ...]:
    """The rules of a shipped pack. Raises `RuleFileError` when it is damaged."""
    return _read_pack(name, pack_text(name))


def pack_text(name: str) -> str:
    """A shipped pack, word for word."""
    return (PACKS / f"{name}.toml").read_bytes().decode("utf-8")


def pack_names() -> tuple[str, ...]:
    """The packs that ship, by name."""
    return tuple(sorted(path.stem for path in PACKS.glob("*.toml")))


@cache
def _read_pack(name: str, text: str) -> tuple[Rule, ...]:
    return read_rules(text.encode(), f"packs/{name}.toml")


def _enabled(
    reader: RuleReader, document: Mapping[str, Any], packs: Mapping[str, str] | None
) -> tuple[Rule, ...]:
    """The rules of the packs that the file enables."""
    known = pack_names() if packs is None else tuple(packs)
    tables, found = document.get("enable", []), list[Rule]()
    places = reader.places("enable", reader.everything)
    if not isinstance(tables, list) or len(tables) != len(places):
        reader.say(1, "write each pack that is enabled as an [[enable]] table")
        return ()
    for table, place in zip(tables, places, strict=True):
        enabling = reader.read(Enabling, table, place, "an enabling")
        if enabling is None:
            continue
        if enabling.pack not in known:
            close = nearest(enabling.pack, known)
            reader.problem(place, "pack", f"unknown pack {enabling.pack!r}{close}")
            continue
        text = pack_text(enabling.pack) if packs is None else packs[enabling.pack]
        found += _rules_of(reader, enabling, place, _read_pack(enabling.pack, text))
    return tuple(found)


def _rules_of(
    reader: RuleReader, enabling: Enabling, place: Place, rules: Sequence[Rule]
) -> Iterable[Rule]:
    known = {rule.rule_id for rule in rules}
    for name in enabling.leave_out:
        if name not in known:
            reader.problem(
                place,
                "leave_out",
                f"{enabling.pack} has no rule {name!r}{nearest(name, known)}",
            )
    for rule in rules:
        if rule.rule_id not in enabling.leave_out:
            yield replace(rule, enabled_for=enabling.account_types)
