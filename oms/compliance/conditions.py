"""Conditions: the small sentences that say which names, accounts or orders a rule means.

    kind = government                      what is asked of a security needs no scope
    kind in option future swap
    rating < BBB-                          worse than
    issuer.securities_revenue_share > 0.15
    account.option_10 = yes
    order.commission_cps > order.lowest_cps

A fact that is needed and missing raises `MissingDataError`: the answer is then
"cannot tell", never a silent no.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.fact_words import (
    OWN_WORD,
    RATINGS,
    VOCABULARY,
    Kind,
    Value,
    Word,
    read_value,
    word_of,
)
from domain.facts import About
from oms.compliance.book import Book
from oms.compliance.nearest import nearest

_FORM = re.compile(r"([a-z]+\.)?(\w+) (=|!=|<=|>=|<|>|in|not in) (.+)")
_REFERENCE = re.compile(r"(security|issuer|account|order|counterparty)\.(\w+)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = (Kind.NUMBER, Kind.RATING, Kind.DAY, Kind.INSTANT)
_MASTER = {
    About.SECURITY: ("symbol", "issuer", "sector", "industry", "country", "venue"),
    About.ACCOUNT: ("tax_status", "custodian", "household_id", "model_id", "mandate_id"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the conditions are asked of; empty where there is no such thing."""

    book: Book
    account_id: str = ""
    security_id: str = ""
    order_id: str = ""

    def key(self, about: About) -> str:
        """The name under which facts of this kind are filed."""
        if about is About.SECURITY:
            return self.security_id
        if about is About.ISSUER:
            return self.book.security(self.security_id).issuer
        if about is About.ORDER:
            return self.order_id
        if about is About.COUNTERPARTY:
            return self.book.text(About.SECURITY, self.security_id, "counterparty")
        return self.account_id


@dataclass(frozen=True, slots=True)
class Reference:
    """A fact by scope and name."""

    about: About
    name: str

    @classmethod
    def parse(cls, scope: str, name: str) -> "Reference":
        """Raises `ValueError` with the nearest known name."""
        about = About(scope) if scope else About.SECURITY
        known = (*VOCABULARY[about], *_MASTER.get(about, ()))
        if name not in known and not name.startswith(OWN_WORD):
            raise ValueError(f"{about} has no fact {name!r}{nearest(name, known)}")
        return cls(about, name)

    @property
    def word(self) -> Word:
        """What kind of value it has."""
        return word_of(self.about, self.name) or Word(Kind.TEXT, "from the master")

    def text(self, subject: Subject) -> str:
        """The fact's text, or its usual value; raises `MissingDataError`."""
        key = subject.key(self.about)
        if self.name in _MASTER.get(self.about, ()):
            book = subject.book
            row = book.security(key) if self.about is About.SECURITY else book.account(key)
            return str(getattr(row, self.name))
        return subject.book.text(self.about, key, self.name)


@dataclass(frozen=True, slots=True)
class Condition:
    """One sentence; `right` is its texts, or one reference to another fact."""

    left: Reference
    sign: str
    right: tuple[str, ...]
    other: Reference | None = None

    @classmethod
    def parse(cls, text: object) -> "Condition":
        """Read one sentence; raises `ValueError` that says what would be right."""
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is not a condition like 'kind = government'")
        scope, name, sign, rest = match.groups()
        if scope and scope[:-1] not in tuple(About):
            raise ValueError(f"nothing is about {scope[:-1]!r}{nearest(scope[:-1], tuple(About))}")
        left = Reference.parse((scope or "").rstrip("."), name)
        is_ordered = left.word.kind in _ORDERED or left.name.startswith(OWN_WORD)
        if sign in ("<", "<=", ">", ">=") and not is_ordered:
            raise ValueError(f"{name} is {left.word.kind}: ask for = or in, not {sign}")
        if other := _REFERENCE.fullmatch(rest):
            return cls(left, sign, (), Reference.parse(*other.groups()))
        right = tuple(rest.split()) if sign in ("in", "not in") else (rest,)
        for value in right:
            read_value(left.word, value)
        return cls(left, sign, right)

    def __str__(self) -> str:
        scope = "" if self.left.about is About.SECURITY else f"{self.left.about}."
        right = " ".join(self.right)
        if self.other is not None:
            right = f"{self.other.about}.{self.other.name}"
        return f"{scope}{self.left.name} {self.sign} {right}"

    def holds(self, subject: Subject) -> bool:
        """Whether it is so. Raises `MissingDataError` when nobody can tell."""
        word, found = self.left.word, self.left.text(subject)
        if self.sign in ("in", "not in"):
            return (found in self.right) == (self.sign == "in")
        wanted = self.other.text(subject) if self.other else self.right[0]
        left, right = _ranked(word, found, wanted)
        return _COMPARE[self.sign](left, right)


def all_hold(conditions: Iterable[Condition], subject: Subject) -> bool:
    """Whether every one holds; a clear no wins over a fact that is missing."""
    missing: Exception | None = None
    for condition in conditions:
        try:
            if not condition.holds(subject):
                return False
        except LookupError as error:
            missing = missing or error
    if missing is not None:
        raise missing
    return True


def any_holds(conditions: Iterable[Condition], subject: Subject) -> bool:
    """Whether at least one holds; a clear yes wins over a fact that is missing."""
    missing: Exception | None = None
    for condition in conditions:
        try:
            if condition.holds(subject):
                return True
        except LookupError as error:
            missing = missing or error
    if missing is not None:
        raise missing
    return False


def _ranked(word: Word, found: str, wanted: str) -> tuple[Value, Value]:
    """Both sides so that greater is more, and with ratings better."""
    if word.kind is Kind.RATING:
        return Decimal(-RATINGS.index(found)), Decimal(-RATINGS.index(wanted))
    if word.kind is Kind.TEXT and _is_number(found) and _is_number(wanted):
        return Decimal(found), Decimal(wanted)
    if "" in (found, wanted):
        return found, wanted
    return read_value(word, found), read_value(word, wanted)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None
