"""Rule sets: the words of the rules in force, and who put them in force.

A rule set is named by its content, the packs that it enables included, so that a new
release with other packs changes nothing by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.codec import content_name, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """A rule file and the packs that it enables, word for word."""

    file: str  # What the file was called; no part of the name.
    text: str
    packs: Mapping[str, str]  # Text by the pack's name.

    @property
    def name(self) -> str:
        """The SHA-256, in hex, of every word."""
        return content_name(encode([self.text, dict(self.packs)]))


class RulesStep(StrEnum):
    """What may happen to the rules in force; audit kinds."""

    TAKEN_OVER = "rules_taken_over"  # From the file, at the first start.
    PROPOSED = "rules_proposed"
    AGREED = "rules_agreed"  # In force from here on.


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesEntry:
    """One step, as the audit trail has it.

    An agreement repeats its proposal, and adds who seconded it and when.
    """

    step: RulesStep
    name: str
    file: str
    replaces: str  # What was in force; empty: nothing was.
    by: str
    at: datetime
    why: str
    seconded_by: str = ""
    changes: tuple[str, ...] = ()  # Rule by rule, in words.

    @property
    def puts_in_force(self) -> bool:
        """Whether the set is in force from this step on."""
        return self.step is not RulesStep.PROPOSED
