"""Rules out of a file's tables; what is wrong is collected with its line, and all told at once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from domain.compliance import Force
from domain.sources import Source
from oms.compliance.account_types import AccountType
from oms.compliance.bases import Base
from oms.compliance.book import Aggregate
from oms.compliance.days import CureClock
from oms.compliance.examples import run_examples
from oms.compliance.exposures import LookThrough
from oms.compliance.nearest import nearest
from oms.compliance.rule_types import RULE_TYPES
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
from oms.compliance.toml_tables import Place, TomlTables


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


class RuleReader(TomlTables):
    """One pass over a document's [[rule]] tables."""

    def __init__(self, file: str, text: str, sha256: str) -> None:
        super().__init__(file, text, sha256)
        self._examples: dict[tuple[str, int], Place] = {}

    def rules(self, document: Mapping[str, Any]) -> tuple[Rule, ...]:
        for key in document.keys() - {"rule", "enable"}:
            self.problem(
                self.everything,
                key,
                f"unknown table {key!r}: only [[rule]] and [[enable]] are read",
            )
        tables, places = document.get("rule", []), self.places("rule", self.everything)
        if "enable" in document and not tables:
            return ()
        if not places or not isinstance(tables, list) or len(tables) != len(places):
            self.problem(self.everything, "rule", "no [[rule]] table in the file, or not only such")
            return ()
        rules: list[Rule] = []
        for table, place in zip(tables, places, strict=True):
            rule = self._rule(table, place)
            if rule is not None:
                first = next((r for r in rules if _overlap(r, rule)), None)
                if first is None:
                    rules.append(rule)
                else:
                    self.problem(
                        place, "id", f"id {rule.rule_id!r} is taken by line {first.source.line}"
                    )
        return tuple(rules)

    def try_examples(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            for number, example in enumerate(rule.examples):
                self._try(rule, example, self._examples[rule.rule_id, number])

    def _try(self, rule: Rule, example: Example, place: Place) -> None:
        try:
            (outcome,) = run_examples((replace(rule, examples=(example,)),))
        except ExampleError as error:
            line = self._line_given(place, error.line)
            self.say(line, f"rule {rule.rule_id}: in an example, {error}")
            return
        if not outcome.agrees:
            self.say(place.first, f"rule {rule.rule_id} fails its example: {outcome.message}")

    def _line_given(self, place: Place, number: int) -> int:
        """Where line `number` of an example's text stands; a text may begin on the next line."""
        given = self.line_of(place, r"given\s*=", place.first)
        begins_below = self.lines[given - 1].partition("=")[2].strip() in {"'''", '"""'}
        return given + number - (0 if begins_below else 1)

    def _rule(self, table: dict[str, Any], place: Place) -> Rule | None:
        parameters, examples = table.pop("parameters", {}), table.pop("example", [])
        inline = self.line_of(place, r"parameters\s*=", place.first)
        start = self.line_of(place, r"\[rule\.parameters\]", inline)
        header_end = self.line_of(place, r"\[\[?rule\.", place.last)
        header = self.read(_Header, table, Place(place.first, header_end), "a rule")
        test = self._test(table.get("type"), parameters, Place(start, place.last), place)
        cases = self._cases(str(table.get("id")), examples, place)
        if header is None or not self._is_sound(header, place, cases) or test is None:
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

    def _is_sound(self, header: _Header, place: Place, cases: Sequence[Example]) -> bool:
        """What the types cannot say about a rule's header."""
        count = len(self.problems)
        if not re.fullmatch(r"[a-z][a-z0-9-]{1,62}", header.id):
            self.problem(place, "id", f"id {header.id!r}: small letters, digits and hyphens only")
        if header.effective_to is not None and header.effective_to < header.effective_from:
            self.problem(place, "effective_to", "effective_to lies before effective_from")
        for key in ("words", "citation"):
            if not getattr(header, key).strip():
                self.problem(place, key, f"{key} is empty: people must be able to read the rule")
        if not cases:
            self.problem(place, "id", f"rule {header.id!r} has no [[rule.example]]: add one")
        return len(self.problems) == count

    def _test(
        self, name: object, parameters: dict[str, Any], place: Place, rule: Place
    ) -> RuleTest | None:
        """The rule's own question, by its type; a type that is no text was refused before."""
        if not isinstance(name, str):
            return None
        if name not in RULE_TYPES:
            close = nearest(name, RULE_TYPES)
            self.problem(rule, "type", f"unknown rule type {name!r}{close}")
            return None
        test: RuleTest | None = self.read(RULE_TYPES[name], parameters, place, name)
        wrong = None if test is None else test.problem()
        if wrong is not None:
            key, remedy = wrong
            value = parameters.get(key)
            said = "missing" if value is None else f"{value}"
            self.problem(place, key, f"{key} is {said} and must be: {remedy}")
            return None
        return test

    def _cases(
        self, rule_id: str, tables: list[dict[str, Any]], place: Place
    ) -> tuple[Example, ...]:
        cases: list[Example] = []
        places = self.places(r"rule\.example", place)
        if not isinstance(tables, list) or len(tables) != len(places):
            self.problem(place, "example", "write each example as a [[rule.example]] table")
            return ()
        for table, where in zip(tables, places, strict=True):
            example = self.read(Example, table, where, "an example")
            if example is not None:
                self._examples[rule_id, len(cases)] = where
                cases.append(example)
        return tuple(cases)
