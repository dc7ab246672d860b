"""What a broker means by its reports, as its table in the configuration says it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from domain.errors import ConfigError
from domain.hearing import PLAIN, Hearing, LateNames

KEYS: Mapping[str, type] = MappingProxyType(
    {"renewals": list, "corporate_actions": list, "leaves_qty": str, "late_reports": str}
)
"""Keys of a venue's table that are read here, with their TOML types."""

_LEAVES = {"compared": True, "ignored": False}
_HIGHEST_CODE = 9999


def read_hearing(table: Mapping[str, Any], where: str) -> Hearing:
    """The hearing of a venue's table; `where` names it. Raises `ConfigError`."""
    renewals = _codes(table, "renewals", PLAIN.renewals, where)
    actions = _codes(table, "corporate_actions", PLAIN.corporate_actions, where)
    if both := sorted(renewals & actions):
        raise ConfigError(
            f"{where}: {both[0]} is in renewals and in corporate_actions; a code means one thing"
        )
    return Hearing(
        renewals=renewals,
        corporate_actions=actions,
        compares_leaves=_LEAVES[_word(table, "leaves_qty", "compared", tuple(_LEAVES), where)],
        late_names=LateNames(
            _word(table, "late_reports", PLAIN.late_names, tuple(LateNames), where)
        ),
    )


def _codes(
    table: Mapping[str, Any], key: str, default: frozenset[int], where: str
) -> frozenset[int]:
    codes = table.get(key, sorted(default))
    for code in codes:
        if type(code) is not int or not 0 <= code <= _HIGHEST_CODE:
            raise ConfigError(
                f"{where}: {key} has {code!r}, which is no ExecRestatementReason (378); write a "
                f"list of whole numbers, such as {sorted(default)}"
            )
    return frozenset(codes)


def _word(
    table: Mapping[str, Any], key: str, default: str, words: tuple[str, ...], where: str
) -> str:
    word = table.get(key, default)
    if word not in words:
        raise ConfigError(f"{where}: {key} = {word!r} is not one of {', '.join(words)}")
    return str(word)
