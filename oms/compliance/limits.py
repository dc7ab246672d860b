"""Limits: a number of the rule's, a number of the client's, or one by class."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from domain.accounts import Mandate
from domain.exact import ZERO
from domain.fact_words import ACCOUNT, Kind, word_of
from domain.facts import About
from oms.compliance.book import Book
from oms.compliance.conditions import Condition, Subject, all_hold
from oms.compliance.nearest import nearest

_MANDATE = (
    "mandate.name_maximum",
    "mandate.sector_limits",
    "mandate.cash.minimum",
    "mandate.cash.maximum",
    "mandate.turnover_maximum",
    "mandate.minimum_trade",
)


@dataclass(frozen=True, slots=True)
class LimitFrom:
    """A limit that each client sets for itself: a term of the mandate, or a fact."""

    name: str

    @classmethod
    def parse(cls, text: object) -> "LimitFrom":
        """Raises `ValueError` with the nearest known name."""
        facts = tuple(f"account.{n}" for n, word in ACCOUNT.items() if word.kind is Kind.NUMBER)
        own = isinstance(text, str) and text.startswith("account.x_")
        if not isinstance(text, str) or (text not in (*_MANDATE, *facts) and not own):
            raise ValueError(f"{text!r} is no limit of a client{nearest(str(text), _MANDATE)}")
        return cls(text)

    def __str__(self) -> str:
        return self.name

    def read(self, book: Book, account_id: str, group: str = "") -> Decimal | None:
        """The client's number; None where it has none. Raises `MissingDataError`."""
        source, _, name = self.name.partition(".")
        if source == "account":
            assert word_of(About.ACCOUNT, name) is not None
            return book.number(About.ACCOUNT, account_id, name)
        mandate = book.mandate(account_id)
        if name == "sector_limits":
            band = mandate.sector_limits.get(group)
            return None if band is None else band.maximum
        return self.of_mandate(mandate)

    def of_mandate(self, mandate: Mandate) -> Decimal:
        """The mandate's own number; not of sectors, of which it has several."""
        value: Decimal = {
            "mandate.name_maximum": mandate.name_maximum,
            "mandate.cash.minimum": mandate.cash.minimum,
            "mandate.cash.maximum": mandate.cash.maximum,
            "mandate.turnover_maximum": mandate.turnover_maximum,
            "mandate.minimum_trade": mandate.minimum_trade,
        }[self.name]
        return value


class HasLimits(Protocol):
    """A rule type with an upper limit, by class where it has classes."""

    @property
    def maximum(self) -> Decimal | None: ...
    @property
    def maximum_from(self) -> LimitFrom | None: ...
    @property
    def limits(self) -> tuple["ClassLimit", ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLimit:
    """The limit of what the conditions describe; the first that fits counts."""

    maximum: Decimal
    where: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if self.maximum < ZERO:
            raise ValueError(f"maximum is {self.maximum} and must be 0 or more")
        if not self.where:
            raise ValueError("where is empty: say whose limit this is")


def limit_of(
    test: HasLimits, subjects: Iterable[Subject], account_id: str, group: str = ""
) -> Decimal | None:
    """The limit that binds all the subjects; None when there is none."""
    asked = tuple(subjects)
    for limit in test.limits:
        if all(all_hold(limit.where, subject) for subject in asked):
            return limit.maximum
    if test.maximum_from is not None:
        return test.maximum_from.read(asked[0].book, account_id, group)
    return test.maximum


def limits_problem(test: HasLimits, *, most: Decimal | None) -> tuple[str, str] | None:
    """What is wrong with a rule type's limits."""
    if (test.maximum is None) == (test.maximum_from is None):
        return "maximum", "give either maximum or maximum_from"
    if test.maximum is not None and test.maximum < ZERO:
        return "maximum", "a number of 0 or more"
    if most is not None and test.maximum is not None and not ZERO < test.maximum <= most:
        return "maximum", f"a fraction above 0 and at most {most}"
    return None
