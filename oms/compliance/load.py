"""Loading rules: a TOML file is taken whole or refused whole.

A refusal names every line that is wrong, with the nearest valid name, and the
examples that a rule itself fails; what was in force stays in force.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from domain.compliance import Force
from domain.errors import BadInputError
from domain.sources import Source
from oms.compliance.account_types import AccountType
from oms.compliance.allocation_rule import Allocation
from oms.compliance.bases import Base
from oms.compliance.book import Aggregate
from oms.compliance.budget import Budget
from oms.compliance.days import CureClock
from oms.compliance.diversification import Diversification
from oms.compliance.evidence import Evidence
from oms.compliance.examples import run_examples
from oms.compliance.exposures import LookThrough
from oms.compliance.filing import Filing
from oms.compliance.group_weight import GroupWeight
from oms.compliance.latch import Latch
from oms.compliance.list_membership import ListMembership
from oms.compliance.measure import Measure
from oms.compliance.nearest import nearest
from oms.compliance.order_bounds import OrderBounds
from oms.compliance.ownership import Ownership
from oms.compliance.rules import (
    Drift,
    Example,
    Rule,
    RuleTest,
    Stage,
    Timing,
    WhenMissing,
)
from oms.compliance.scene import ExampleError
from oms.compliance.set_share import SetShare
from oms.compliance.toml_values import converted
from oms.compliance.window import Window

RULE_TYPES: Mapping[str, type[RuleTest]] = {
    kind.__name__: kind
    for kind in (
        GroupWeight,
        SetShare,
        Diversification,
        Ownership,
        Measure,
        Filing,
        ListMembership,
        Evidence,
        Window,
        Budget,
        Allocation,
        OrderBounds,
        Latch,
    )
}

PACKS = Path(__file__).with_name("packs")


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing that is wrong with a rule file, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RuleFileError(BadInputError):
    """A rule file that cannot be used; nothing of it is in force."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Read, check and try out the rules of a TOML file. Raises `RuleFileError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = RuleProblem(str(path), 0, f"cannot be read: {error.strerror}")
        raise RuleFileError([problem]) from error
    return read_rules(content, path.name)


def read_rules(content: bytes, file: str) -> tuple[Rule, ...]:
    """As `load_rules`, from the file's bytes."""
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
    reader = _Reader(file, text, hashlib.sha256(content).hexdigest())
    rules = reader.rules(document)
    if not reader.problems:
        reader.try_examples(rules)
    enabled = () if reader.problems else reader.enabled(document)
    if reader.problems:
        raise RuleFileError(sorted(reader.problems, key=lambda problem: problem.line))
    return (*enabled, *rules)


@cache
def load_pack(name: str) -> tuple[Rule, ...]:
    """The rules of a shipped pack. Raises `RuleFileError` when it is damaged."""
    path = PACKS / f"{name}.toml"
    return read_rules(path.read_bytes(), f"packs/{path.name}")


def pack_names() -> tuple[str, ...]:
    """The packs that ship, by name."""
    return tuple(sorted(path.stem for path in PACKS.glob("*.toml")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enabling:
    """A pack that the firm enables, for whom, and without which of its rules."""

    pack: str
    account_types: tuple[AccountType, ...] = ()
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """The keys of a [[rule]] table itself."""

    id: str
    type: str
    words: str
    citation: str
    force: Force
    effective_from: date
    effective_to: date | None = None
    stage: tuple[Stage, ...] = (Stage.PRE_TRADE,)
    timing: Timing = Timing.AT_ACQUISITION
    drift: Drift = Drift.PASS
    cure: CureClock | None = None
    missing: WhenMissing = WhenMissing.AS_BREACH
    aggregate: Aggregate = Aggregate.ACCOUNT
    base: Base = Base.NET_ASSETS
    look_through: tuple[LookThrough, ...] = ()
    account_types: tuple[AccountType, ...] = ()


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether two versions of a rule hold on the same day."""
    last = date.max
    return (
        one.rule_id == other.rule_id
        and one.effective_from <= (other.effective_to or last)
        and other.effective_from <= (one.effective_to or last)
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A table of the file: where it starts and ends, for finding a key's line."""

    first: int
    last: int


class _Reader:
    """One pass over the document; problems are collected, not raised."""

    def __init__(self, file: str, text: str, sha256: str) -> None:
        self.file, self.sha256 = file, sha256
        self.lines = text.splitlines()
        self.problems: list[RuleProblem] = []
        self._examples: dict[tuple[str, int], int] = {}

    def rules(self, document: Mapping[str, Any]) -> tuple[Rule, ...]:
        everything = _Place(1, len(self.lines))
        for key in document.keys() - {"rule", "enable"}:
            self._problem(
                everything, key, f"unknown table {key!r}: only [[rule]] and [[enable]] are read"
            )
        tables, places = document.get("rule", []), self._places("rule", everything)
        if "enable" in document and not tables:
            return ()
        if not places or not isinstance(tables, list) or len(tables) != len(places):
            self._problem(everything, "rule", "no [[rule]] table in the file, or not only such")
            return ()
        rules: list[Rule] = []
        for table, place in zip(tables, places, strict=True):
            rule = self._rule(table, place)
            if rule is not None:
                first = next((r for r in rules if _overlap(r, rule)), None)
                if first is None:
                    rules.append(rule)
                else:
                    self._problem(
                        place, "id", f"id {rule.rule_id!r} is taken by line {first.source.line}"
                    )
        return tuple(rules)

    def enabled(self, document: Mapping[str, Any]) -> tuple[Rule, ...]:
        """The rules of the packs that the file enables."""
        tables, found = document.get("enable", []), list[Rule]()
        places = self._places("enable", _Place(1, len(self.lines)))
        if not isinstance(tables, list) or len(tables) != len(places):
            self._say(1, "write each pack that is enabled as an [[enable]] table")
            return ()
        for table, place in zip(tables, places, strict=True):
            enabling = self._read(Enabling, table, place, "an enabling")
            if enabling is None:
                continue
            if enabling.pack not in pack_names():
                close = nearest(enabling.pack, pack_names())
                self._problem(place, "pack", f"unknown pack {enabling.pack!r}{close}")
                continue
            found += self._rules_of(enabling, place)
        return tuple(found)

    def _rules_of(self, enabling: Enabling, place: _Place) -> Iterable[Rule]:
        rules = load_pack(enabling.pack)
        known = {rule.rule_id for rule in rules}
        for name in enabling.leave_out:
            if name not in known:
                self._problem(
                    place,
                    "leave_out",
                    f"{enabling.pack} has no rule {name!r}{nearest(name, known)}",
                )
        for rule in rules:
            if rule.rule_id not in enabling.leave_out:
                yield replace(rule, enabled_for=enabling.account_types)

    def try_examples(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            try:
                outcomes = run_examples((rule,))
            except ExampleError as error:
                self._say(rule.source.line, f"rule {rule.rule_id}: in an example, {error}")
                continue
            for number, outcome in enumerate(outcomes):
                if not outcome.agrees:
                    line = self._examples[rule.rule_id, number]
                    self._say(line, f"rule {rule.rule_id} fails its example: {outcome.message}")

    def _rule(self, table: dict[str, Any], place: _Place) -> Rule | None:
        parameters, examples = table.pop("parameters", {}), table.pop("example", [])
        start = self._line(place, r"\[rule\.parameters\]", place.first)
        header_end = self._line(place, r"\[\[?rule\.", place.last)
        header = self._read(_Header, table, _Place(place.first, header_end), "a rule")
        if header is None:
            return None
        if header.type not in RULE_TYPES:
            close = nearest(header.type, RULE_TYPES)
            self._problem(place, "type", f"unknown rule type {header.type!r}{close}")
            return None
        test = self._test(header.type, parameters, _Place(start, place.last))
        cases = self._cases(header.id, examples, place)
        if test is None or not self._is_sound(header, place, cases):
            return None
        return Rule(
            rule_id=header.id,
            words=header.words,
            citation=header.citation,
            force=header.force,
            stage=header.stage,
            timing=header.timing,
            drift=header.drift,
            cure=header.cure,
            missing=header.missing,
            aggregate=header.aggregate,
            base=header.base,
            look_through=header.look_through,
            account_types=header.account_types,
            effective_from=header.effective_from,
            effective_to=header.effective_to,
            test=test,
            examples=cases,
            source=Source(self.file, place.first, self.sha256),
        )

    def _is_sound(self, header: _Header, place: _Place, cases: Sequence[Example]) -> bool:
        """What the types cannot say about a rule's header."""
        count = len(self.problems)
        if not re.fullmatch(r"[a-z][a-z0-9-]{1,62}", header.id):
            self._problem(place, "id", f"id {header.id!r}: small letters, digits and hyphens only")
        if header.effective_to is not None and header.effective_to < header.effective_from:
            self._problem(place, "effective_to", "effective_to lies before effective_from")
        for key in ("words", "citation"):
            if not getattr(header, key).strip():
                self._problem(place, key, f"{key} is empty: people must be able to read the rule")
        if not cases:
            self._problem(place, "id", f"rule {header.id!r} has no [[rule.example]]: add one")
        return len(self.problems) == count

    def _test(self, name: str, parameters: dict[str, Any], place: _Place) -> RuleTest | None:
        test: RuleTest | None = self._read(RULE_TYPES[name], parameters, place, name)
        wrong = None if test is None else test.problem()
        if wrong is not None:
            key, remedy = wrong
            value = parameters.get(key)
            said = "missing" if value is None else f"{value}"
            self._problem(place, key, f"{key} is {said} and must be: {remedy}")
            return None
        return test

    def _cases(
        self, rule_id: str, tables: list[dict[str, Any]], place: _Place
    ) -> tuple[Example, ...]:
        cases: list[Example] = []
        places = self._places(r"rule\.example", place)
        if not isinstance(tables, list) or len(tables) != len(places):
            self._problem(place, "example", "write each example as a [[rule.example]] table")
            return ()
        for table, where in zip(tables, places, strict=True):
            example = self._read(Example, table, where, "an example")
            if example is not None:
                self._examples[rule_id, len(cases)] = where.first
                cases.append(example)
        return tuple(cases)

    def _read(self, kind: type[Any], table: object, place: _Place, what: str) -> Any:
        """A dataclass from a table; None after having said what is wrong."""
        if not isinstance(table, dict):
            self._say(place.first, f"{what} must be a table")
            return None
        count, values, hints = len(self.problems), {}, get_type_hints(kind)
        for key in table.keys() - hints.keys():
            self._problem(place, key, f"unknown key {key!r} of {what}{nearest(key, hints)}")
        for field in fields(kind):
            if field.name in table:
                try:
                    values[field.name] = converted(hints[field.name], table[field.name])
                except ValueError as error:
                    self._problem(place, field.name, f"{field.name}: {error}")
            elif field.default is MISSING and field.default_factory is MISSING:
                self._say(place.first, f"{what} needs the key {field.name!r}")
        return kind(**values) if len(self.problems) == count else None

    def _places(self, name: str, within: _Place) -> list[_Place]:
        """Where each [[name]] table starts and ends."""
        starts = [
            number
            for number in range(within.first, within.last + 1)
            if re.match(rf"\s*\[\[\s*{name}\s*\]\]", self.lines[number - 1])
        ]
        ends = [*(start - 1 for start in starts[1:]), within.last]
        return [_Place(start, end) for start, end in zip(starts, ends, strict=False)]

    def _line(self, place: _Place, pattern: str, otherwise: int) -> int:
        for number in range(place.first, place.last + 1):
            if re.match(rf"\s*{pattern}", self.lines[number - 1]):
                return number
        return otherwise

    def _problem(self, place: _Place, key: str, message: str) -> None:
        line = self._line(place, rf"\[*\"?{re.escape(key)}\"?\s*[=\].]", place.first)
        self._say(line, message)

    def _say(self, line: int, message: str) -> None:
        self.problems.append(RuleProblem(self.file, line, message))
