"""Amounts: numbers that are facts about an account, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from domain.exact import ZERO
from domain.fact_words import ACCOUNT, OWN_WORD, Kind
from domain.facts import About
from oms.compliance.book import Book
from oms.compliance.nearest import nearest


@dataclass(frozen=True, slots=True)
class AmountFrom:
    """One number of the account's facts."""

    name: str

    @classmethod
    def parse(cls, text: object) -> "AmountFrom":
        """Raises `ValueError` with the nearest known name."""
        known = [name for name, word in ACCOUNT.items() if word.kind is Kind.NUMBER]
        if not isinstance(text, str) or not (text in known or text.startswith(OWN_WORD)):
            raise ValueError(f"{text!r} is no number of an account{nearest(str(text), known)}")
        return cls(text)

    def __str__(self) -> str:
        return self.name.replace("_", " ")


def total(amounts: Iterable[AmountFrom], book: Book, account_id: str) -> Decimal:
    """The sum of the facts. Raises `MissingDataError`."""
    return sum((book.number(About.ACCOUNT, account_id, a.name) for a in amounts), ZERO)
