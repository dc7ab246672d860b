"""Changes: what one set of rules says otherwise than another, key by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.codec import encode, to_plain
from oms.compliance.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One rule that is new, gone or other than it was."""

    what: str  # "new", "gone" or "changed".
    rule_id: str
    before: str  # Version, empty where there was none.
    after: str
    words: str


def changes(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[Change, ...]:
    """What would be new, gone and changed, by rule id and first day."""
    old = {(rule.rule_id, rule.effective_from): rule for rule in before}
    new = {(rule.rule_id, rule.effective_from): rule for rule in after}
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None and was.version == now.version:
            continue
        found.append(_change(key[0], was, now))
    return tuple(found)


def _change(rule_id: str, was: Rule | None, now: Rule | None) -> Change:
    if was is None or now is None:
        rule = was or now
        assert rule is not None
        return Change(
            what="new" if was is None else "gone",
            rule_id=rule_id,
            before="" if was is None else was.version,
            after="" if now is None else now.version,
            words=rule.words,
        )
    return Change(
        what="changed",
        rule_id=rule_id,
        before=was.version,
        after=now.version,
        words="; ".join(_differences(to_plain(was), to_plain(now))),
    )


def _differences(was: dict[str, Any], now: dict[str, Any], where: str = "") -> list[str]:
    """Keys whose values differ, with both; examples only by number."""
    found = []
    for key in sorted(was.keys() | now.keys()):
        if key == "source" or was.get(key) == now.get(key):
            continue
        if isinstance(was.get(key), dict) and isinstance(now.get(key), dict):
            found += _differences(was[key], now[key], f"{where}{key}.")
        elif key == "examples":
            found.append(f"examples: {len(was[key])} were, {len(now[key])} would be")
        else:
            found.append(f"{where}{key}: {encode(was.get(key))} -> {encode(now.get(key))}")
    return found
