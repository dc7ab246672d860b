"""FIX for people: messages with tag and enum names, and the operator's one line.

Secrets are taken out before anything else looks at the text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from domain.exact import CENT
from gateway.dictionary import Dictionary, load, standard_path
from gateway.wiretext import pairs, redact, visible

Direction = Literal["in", "out"]

_TEN_THOUSANDTH = Decimal("0.0001")
_SIDES = {"1": "BUY", "2": "SELL", "5": "SELL SHORT"}
_CANCEL_REASONS = {"0": "too late to cancel", "1": "unknown order"}
# ExecTypes that change the status to what they are: new, fills, done for the day, cancelled, ...
_TOLD_BY_STATUS = frozenset({None, "0", "1", "2", "3", "4", "8", "C", "F"})
_PRICES = ((211, "offset"), (99, "stop"), (44, "limit"))
_DETAIL_LENGTH = 120


@dataclass(frozen=True, slots=True)
class DecodedField:
    """One field with its names; empty where the dictionary has none."""

    tag: int
    name: str
    value: str
    meaning: str


def describe(raw: str, dictionary: Dictionary) -> tuple[DecodedField, ...]:
    """Every field of `raw` in order, secrets redacted."""
    return tuple(
        DecodedField(
            tag=tag,
            name=dictionary.tags.get(tag, ""),
            value=visible(value),
            meaning=dictionary.meaning(tag, value) or "",
        )
        for tag, value in pairs(redact(raw))
    )


def headline(raw: str, direction: Direction, dictionary: Dictionary | None = None) -> str:
    """One line: who, which way, what; names are FIX 4.4's unless another dictionary is given.

    `OMS->XSIM ▶ NewOrderSingle BUY 1,200 AAPL limit 190.25 day seq=214`. SOH
    may already be shown as `|`.
    """
    names = dictionary or load(standard_path())
    text = raw if "\x01" in raw else raw.replace("|", "\x01")
    fields = dict(reversed(list(pairs(redact(text)))))
    sender, target = fields.get(49, "?"), fields.get(56, "?")
    route = f"{sender}->{target} ▶" if direction == "out" else f"{target}->{sender} ◀"
    msg_type = fields.get(35, "?")
    name = names.messages.get(msg_type, f"MsgType {msg_type}")
    parts = [route, name, _body(msg_type, fields, names), f"seq={fields.get(34, '?')}"]
    if fields.get(43) == "Y":
        parts.append("possdup")
    return visible(" ".join(part for part in parts if part))


def _body(msg_type: str, fields: dict[int, str], dictionary: Dictionary) -> str:
    words = _BODIES.get(msg_type)
    return _detail(fields) if words is None else words(fields, dictionary)


def _order(fields: dict[int, str], dictionary: Dictionary) -> str:
    return _join(
        _SIDES.get(fields.get(54, ""), ""),
        _number(fields.get(38)),
        fields.get(55),
        _price(fields),
        _words(dictionary, 59, fields),
        f"by {_words(dictionary, 847, fields)}" if 847 in fields else "",
    )


def _request(fields: dict[int, str], _dictionary: Dictionary) -> str:
    change = _join(_number(fields.get(38)), _price(fields)) if fields.get(35) == "G" else ""
    old = f"of {fields[41]}" if 41 in fields else f"of {fields.get(11, '?')}"
    return _join(_SIDES.get(fields.get(54, ""), ""), fields.get(55), change, old)


def _execution(fields: dict[int, str], dictionary: Dictionary) -> str:
    done = ""
    if 32 in fields and 31 in fields and fields.get(150) in ("F", "G", "1", "2"):
        done = f"{_number(fields[32])} @ {_shown(fields[31])}"
    total = f"{_number(fields.get(14, '0'))}/{_number(fields.get(38, '?'))}"
    filled = f" filled {total}" if 14 in fields else ""
    average = f"avg {_average(fields[6])}" if fields.get(6, "0").strip("0.") else ""
    return _join(
        _SIDES.get(fields.get(54, ""), ""),
        fields.get(55),
        _event(fields, dictionary),
        _words(dictionary, 39, fields),
        done,
        filled,
        average,
        _detail(fields),
    )


def _event(fields: dict[int, str], dictionary: Dictionary) -> str:
    """What a report is about where its OrdStatus does not say so: a bust, a replace, an answer."""
    told = _words(dictionary, 150, fields)
    if fields.get(150) in _TOLD_BY_STATUS or told == _words(dictionary, 39, fields):
        return ""
    return f"{told} of {fields[19]}," if 19 in fields else f"{told},"


def _cancel_reject(fields: dict[int, str], _dictionary: Dictionary) -> str:
    reason = _CANCEL_REASONS.get(fields.get(102, ""), "")
    return _join(f"of {fields.get(41, '?')}", reason, _detail(fields))


def _allocation(fields: dict[int, str], dictionary: Dictionary) -> str:
    name = fields.get(70) or fields.get(755, "?")
    accounts = f"for {fields[78]} accounts" if 78 in fields else ""
    kinds = (_words(dictionary, tag, fields) for tag in (626, 71, 87, 88))
    return _join(
        name,
        _SIDES.get(fields.get(54, ""), ""),
        _number(fields.get(53)),
        fields.get(55),
        *kinds,
        accounts,
        _detail(fields),
    )


def _list(fields: dict[int, str], dictionary: Dictionary) -> str:
    orders = f"{fields.get(73, '?')} of {fields[68]} orders" if 68 in fields else ""
    refusal = f'"{fields[444][:_DETAIL_LENGTH]}"' if fields.get(444) else ""
    state = _words(dictionary, 431, fields)
    why = _detail(fields) if fields.get(35) == "K" else refusal
    return _join(fields.get(66, "?"), orders, state, why)


def _join(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _detail(fields: dict[int, str]) -> str:
    return f'"{fields[58][:_DETAIL_LENGTH]}"' if fields.get(58) else ""


def _price(fields: dict[int, str]) -> str:
    parts = ["pegged"] if fields.get(40) == "P" else []
    parts += [f"{name} {_shown(fields[tag])}" for tag, name in _PRICES if tag in fields]
    return " ".join(parts) or "market"


def _words(dictionary: Dictionary, tag: int, fields: dict[int, str]) -> str:
    value = fields.get(tag)
    if value is None:
        return ""
    return (dictionary.meaning(tag, value) or value).replace("_", " ").lower()


def _number(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return f"{Decimal(text).normalize():,f}"
    except InvalidOperation:
        return text


def _shown(text: str) -> str:
    """A price with all its places, at least two."""
    try:
        price = Decimal(text).normalize()
        return f"{max(price, price.quantize(CENT), key=_places):f}"
    except InvalidOperation:
        return text


def _average(text: str) -> str:
    """An average price to four places: it was divided, and the raw message has the rest."""
    try:
        return _shown(f"{Decimal(text).quantize(_TEN_THOUSANDTH):f}")
    except InvalidOperation:
        return text


def _places(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


_BODIES: Mapping[str, Callable[[dict[int, str], Dictionary], str]] = {
    "D": _order,
    **dict.fromkeys(("F", "G", "H"), _request),
    "8": _execution,
    "9": _cancel_reject,
    **dict.fromkeys(("J", "P", "AS", "AT"), _allocation),
    **dict.fromkeys(("E", "K", "N"), _list),
}
