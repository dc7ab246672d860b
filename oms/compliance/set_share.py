"""SetShare: whether a set's share of the base is above or below its limit.

Cash counts as it will be when all is done: after the trades, their expected
cost, and the withdrawals that are due.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from oms.compliance.bases import base_of
from oms.compliance.book import Book, signed
from oms.compliance.rules import AccountQuestion, Answer, Timing, fraction_of
from oms.wording import dollars, percent


class SetOf(StrEnum):
    """The set whose share is asked for."""

    CASH = "cash"


class ShareFrom(StrEnum):
    """A limit that each client's mandate sets for itself."""

    CASH_MINIMUM = "mandate.cash.minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetShare:
    """The set's value after the trades >= minimum x base."""

    set: SetOf
    minimum: Decimal | None = None  # Fraction of the base ...
    minimum_from: ShareFrom | None = None  # ... or whose limit it is.

    def problem(self) -> tuple[str, str] | None:
        if (self.minimum is None) == (self.minimum_from is None):
            return "minimum", "give either minimum or minimum_from"
        if self.minimum is not None and not 0 <= self.minimum < 1:
            return "minimum", "a fraction from 0 to below 1"
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        book, account_id = question.book, question.account_id
        base = base_of(question.rule.base, book, account_id)
        limit = self.minimum
        if limit is None:
            limit = book.mandate(account_id).cash.minimum
        before = book.cash(account_id) - book.withdrawals(account_id)
        after = before + _change(book, account_id)
        needed = limit * max(base, ZERO)
        worse = after < before or (after == before and question.rule.timing is Timing.CONTINUOUS)
        verdict = Verdict.BREACH if after < needed and worse else Verdict.PASS
        return Answer(
            verdict=verdict,
            sentence=_sentence(
                due=book.withdrawals(account_id),
                before=before,
                after=after,
                needed=needed,
                limit=limit,
                verdict=verdict,
            ),
            value=fraction_of(after, base),
            limit=limit,
            numerator=after,
            base=base,
            headroom=after - needed,
        )


def _change(book: Book, account_id: str) -> Decimal:
    """What the trades do to cash at the snapshot's prices, less their expected cost."""
    change = ZERO
    for trade in book.trades_of(account_id):
        change -= signed(trade.side, trade.quantity) * book.price(trade.security_id)
        change -= trade.expected_cost
    return change


def _sentence(
    *,
    due: Decimal,
    before: Decimal,
    after: Decimal,
    needed: Decimal,
    limit: Decimal,
    verdict: Verdict,
) -> str:
    kept = f" after {dollars(due)} of withdrawals due" if due else ""
    start = f"cash would be {dollars(after)}{kept}; the floor is {dollars(needed)}"
    start += f", {percent(limit)} of the account"
    if verdict is Verdict.BREACH:
        return f"{start}: {dollars(needed - after)} short"
    if after < needed:
        return f"{start}; it was {dollars(before)} and these trades do not lower it"
    return f"{start}: {dollars(after - needed)} of room"
