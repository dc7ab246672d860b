"""The page: the rule types and the shipped packs, as docs/compliance.md tells them.

Everything on it is read from the code and the packs; `trimtab rules page` prints it.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from domain.exact import plain
from domain.fact_words import OWN_WORD, VOCABULARY, Word
from oms.compliance.load import load_pack, pack_names
from oms.compliance.rule_types import RULE_TYPES
from oms.compliance.rules import Drift, Example, Rule

_OPENING = """\
# Compliance: rule types and packs

This page is printed by `trimtab rules page` from the code and the packs; a test holds it to
them. How a rule file is written, the language of examples and "write your own in ten lines" are
in [rules.md](rules.md).

A firm enables packs in its own rule file, for the types of account that it names:

```toml
[[enable]]
pack = "us-fund"
account_types = ["us_fund"]      # left out: wherever the rules' own gates let them
leave_out = ["fund-12d1-4-layers"]
```

Every verdict is "immediately after the trades". At acquisition means it: a trade that does not
raise the numerator passes, however bad the drifted weight; a trade that cures passes under every
timing. Where a fact is missing the answer is "cannot tell", which counts like a breach, or warns
where the rule says so.
"""


def page() -> str:
    """The whole page, as Markdown."""
    packs = {name: load_pack(name) for name in pack_names()}
    return "\n".join((_OPENING, *_types(), *_packs(packs), *_facts()))


def _types() -> Iterator[str]:
    yield "## Rule types\n"
    yield "| type | asks whether | parameters |"
    yield "| --- | --- | --- |"
    for name, kind in RULE_TYPES.items():
        asks = " ".join((kind.__doc__ or "").split())
        hints = get_type_hints(kind)
        words = [_parameter(field.name, hints[field.name]) for field in fields(kind)]  # type: ignore[arg-type]  # every rule type is a dataclass
        yield f"| `{name}` | {asks} | {'; '.join(words)} |"
    yield ""


def _parameter(name: str, hint: Any) -> str:
    """A parameter with the words it may take."""
    while get_origin(hint) in (types.UnionType, tuple):
        hint = get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return f"`{name}` = {', '.join(f'`{member}`' for member in hint)}"
    return f"`{name}`"


def _packs(packs: Mapping[str, Sequence[Rule]]) -> Iterator[str]:
    yield "## Packs\n"
    yield "| pack | rules | for |"
    yield "| --- | --- | --- |"
    for name, rules in packs.items():
        gates = dict.fromkeys(str(gate) for rule in rules for gate in rule.account_types)
        yield f"| [{name}](#{name}) | {len(rules)} | {', '.join(gates) or 'every account'} |"
    for name, rules in packs.items():
        yield f"\n### {name}\n"
        for rule in rules:
            yield from _rule(rule)


def rule_lines(rule: Rule) -> tuple[str, ...]:
    """One rule in three lines: its words, where they come from, and how it is asked."""
    return tuple(line.strip() for line in list(_rule(rule))[:3])


def _rule(rule: Rule) -> Iterator[str]:
    yield f"**{rule.rule_id}** {rule.words}  "
    yield f"{rule.citation}  "
    parts = [
        f"`{rule.rule_type}`",
        rule.force.value,
        " and ".join(stage.value.replace("_", "-") for stage in rule.stage),
        f"of {rule.base}".replace("_", " "),
        rule.timing.replace("_", " "),
        _drift(rule),
        f"over the {rule.aggregate}",
    ]
    if rule.look_through:
        parts.append(f"looks through {', '.join(rule.look_through)}".replace("_", " "))
    if rule.account_types:
        parts.append(f"for {', '.join(rule.account_types)}")
    yield ", ".join(part for part in parts if part) + f", since {rule.effective_from}\n"
    yield from (f"- {_example(example)}" for example in rule.examples)
    yield ""


def _drift(rule: Rule) -> str:
    if rule.drift is Drift.PASS:
        return ""
    clock = f" within {rule.cure}" if rule.cure else ""
    return f"drift is {'cured' if rule.drift is Drift.CURE else 'reported'}{clock}"


def _example(example: Example) -> str:
    value = "" if example.value is None else f" at {plain(example.value)}"
    due = "" if example.due is None else f", due {example.due}"
    return f"{example.says} *{example.expect.replace('_', ' ')}{value}{due}*"


def _facts() -> Iterator[str]:
    yield "## Facts that rules may ask for\n"
    yield 'What is not given and has no usual value is missing: the answer is then "cannot tell".'
    yield f"A firm's own words begin with `{OWN_WORD}`.\n"
    yield "| about | fact | means | usual value |"
    yield "| --- | --- | --- | --- |"
    for about, words in VOCABULARY.items():
        for name, word in words.items():
            yield f"| {about} | `{name}` | {_means(word)} | {_usual(word)} |"
    yield ""


def _means(word: Word) -> str:
    return f"{word.means}: {', '.join(word.one_of)}" if word.one_of[2:] else word.means


def _usual(word: Word) -> str:
    if word.usual is None:
        return "**required**"
    return word.usual or "none"
