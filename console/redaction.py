"""Redaction: secrets never reach a file or a screen.

By name (password, token, ...) for fields; by tag (Username 553, Password 554,
RawData 96, NewPassword 925) for FIX text; by place for URLs and headers.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[redacted]"

_NAMES = re.compile(
    r"passw(or)?d|secret|token|authorization|credential|private_?key", re.IGNORECASE
)
# Each with the words without which it finds nothing: most texts have none of them.
_TEXTS = (
    # Tags are told apart from the same digits inside a value by what stands before them.
    (
        ("553=", "554=", "96=", "925="),
        re.compile(r"((?:^|[\x01|^])(?:553|554|96|925)=)[^\x01|]*"),
        rf"\1{HIDDEN}",
    ),
    (
        ("username", "password", "rawdata"),
        re.compile(r"((?:Username|Password|RawData|NewPassword)(?:\(\d+\))?=)[^\x01|\s]*"),
        rf"\1{HIDDEN}",
    ),
    (("://",), re.compile(r"(\w+://[^\s:/@]*:)[^\s@]+(@)"), rf"\1{HIDDEN}\2"),
    (("bearer",), re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+"), rf"\1{HIDDEN}"),
)
_MARKS = tuple(word for words, _pattern, _replacement in _TEXTS for word in words)


def may_hide(text: str) -> bool:
    """Whether `redact_text` might change the text, or one that it is made of."""
    lowered = text.lower()
    return any(mark in lowered for mark in _MARKS)


def redact_text(text: str) -> str:
    """`text` without the secrets that can be told by where they stand."""
    return _redacted(text, text.lower()) if may_hide(text) else text


def _redacted(text: str, lowered: str) -> str:
    for words, pattern, replacement in _TEXTS:
        if any(word in lowered for word in words):
            text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether a field of this name is never shown."""
    return _NAMES.search(name) is not None


def redact(value: Any) -> Any:
    """A log field without its secrets, whatever it is made of."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict | Mapping):
        return {key: HIDDEN if is_secret(str(key)) else redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return value
