"""Budget: whether a meter is used up.

The twin meter: the same side, name, quantity, price and accounts twice within
a window is one decision sent twice until a person says otherwise.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.lots import Term
from domain.orders import Side
from oms.compliance.limits import LimitFrom
from oms.compliance.meters import (
    children_of,
    gains,
    messages_so_far,
    notional_so_far,
    turnover,
    twins,
)
from oms.compliance.rules import AccountQuestion, Answer, OrderQuestion, fraction_of
from oms.wording import dollars, percent, shares


class Meter(StrEnum):
    """What is counted."""

    TWIN_IN_WINDOW = "twin_in_window"
    CHILD_OVER_PARENT = "child_over_parent"  # Done, open and new children over the parent.
    MESSAGES_PER_SECOND = "messages_per_second"
    DAILY_NOTIONAL = "daily_notional"  # Dollars of the day's orders.
    NET_SHORT_TERM_GAIN = "net_short_term_gain"  # Dollars of the tax year, with these sales.
    NET_LONG_TERM_GAIN = "net_long_term_gain"
    TURNOVER = "turnover"  # Of the year, a fraction of net assets.


_OF_ACCOUNTS = (Meter.NET_SHORT_TERM_GAIN, Meter.NET_LONG_TERM_GAIN, Meter.TURNOVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The meter's count, with this trade, <= its limit."""

    meter: Meter
    window_seconds: int | None = None
    limit: Decimal | None = None
    limit_from: LimitFrom | None = None  # Meters of accounts: whose budget it is.

    def problem(self) -> tuple[str, str] | None:
        if self.meter is Meter.TWIN_IN_WINDOW:
            good = self.window_seconds is not None and 1 <= self.window_seconds <= 86_400
            return None if good else ("window_seconds", "seconds from 1 to 86400")
        if self.window_seconds is not None:
            return "window_seconds", "left out: only twins have a window"
        return None if self.meter is Meter.CHILD_OVER_PARENT else self._limit_problem()

    def _limit_problem(self) -> tuple[str, str] | None:
        if (self.limit is None) == (self.limit_from is None):
            return "limit", "give either limit or limit_from"
        if self.limit is not None and self.limit < 0:
            return "limit", "a number of 0 or more"
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        if self.meter not in _OF_ACCOUNTS:
            return None
        before, change = self._of_account(question)
        limit = self.limit
        if self.limit_from is not None:
            limit = self.limit_from.read(question.book, question.account_id)
        assert limit is not None
        breach = before + change > limit and question.blames(change)
        show = percent if self.meter is Meter.TURNOVER else dollars
        words = (
            f"{self.meter.replace('_', ' ')} would be {show(before + change)} for the year, "
            f"{show(before)} so far; the budget is {show(limit)}"
        )
        return Answer(
            verdict=Verdict.BREACH if breach else Verdict.PASS,
            sentence=words,
            value=before + change,
            limit=limit,
            numerator=before + change,
            headroom=limit - before - change,
        )

    def _of_account(self, question: AccountQuestion) -> tuple[Decimal, Decimal]:
        """Of the year so far over everybody who counts, and what these trades add."""
        book, account_id = question.book, question.account_id
        members = book.members(account_id, question.rule.aggregate)
        if self.meter is Meter.TURNOVER:
            so_far = book.number(About.ACCOUNT, account_id, "turnover_so_far")
            return so_far, turnover(book, account_id)
        is_short = self.meter is Meter.NET_SHORT_TERM_GAIN
        name, term = ("realised_short", Term.SHORT) if is_short else ("realised_long", Term.LONG)
        so_far = sum((book.number(About.ACCOUNT, member, name) for member in members), ZERO)
        return so_far, sum((gains(book, member, term) for member in members), ZERO)

    def about_order(self, question: OrderQuestion) -> Answer | None:
        if self.meter in _OF_ACCOUNTS:
            return None
        if self.meter is Meter.TWIN_IN_WINDOW:
            return self._twins(question)
        if self.meter is Meter.CHILD_OVER_PARENT:
            return _children(question)
        return self._counted(question)

    def _counted(self, question: OrderQuestion) -> Answer:
        desk, intent = question.desk, question.intent
        assert self.limit is not None
        largest = None
        if self.meter is Meter.DAILY_NOTIONAL:
            value = notional_so_far(desk, intent)
            price = intent.limit_price or intent.reference_price
            room = max(self.limit - value + intent.quantity * price, ZERO)
            largest = min((room / price).to_integral_value(ROUND_DOWN), intent.quantity)
            words = f"{dollars(value)} of orders today with this one, at most {dollars(self.limit)}"
        else:
            value = messages_so_far(desk, intent)
            words = f"{shares(value)} messages in a second, at most {shares(self.limit)}"
        return Answer(
            verdict=Verdict.PASS if value <= self.limit else Verdict.BREACH,
            sentence=words,
            security_ids=(intent.security_id,),
            value=value,
            limit=self.limit,
            numerator=value,
            headroom=self.limit - value,
            largest_quantity=largest,
        )

    def _twins(self, question: OrderQuestion) -> Answer:
        desk, intent = question.desk, question.intent
        assert self.window_seconds is not None
        side = "buy" if intent.side is Side.BUY else "sell"
        words = f"{side} {shares(intent.quantity)} {intent.symbol}"
        found = tuple(twins(desk, intent, timedelta(seconds=self.window_seconds)))
        ids = ", ".join(twin.cl_ord_id for twin in found)
        sentence = f"no other {words} for the same accounts in {self.window_seconds} s"
        if found:
            sentence = (
                f"{words} for the same accounts was decided within {self.window_seconds} s as {ids}"
            )
        return Answer(
            verdict=Verdict.BREACH if found else Verdict.PASS,
            sentence=sentence,
            security_ids=(intent.security_id,),
            value=Decimal(len(found)),
            limit=ZERO,
            headroom=Decimal(-len(found)),
            largest_quantity=ZERO if found else None,
        )


def _children(question: OrderQuestion) -> Answer | None:
    """This child with its brothers against the parent."""
    intent = question.intent
    found = children_of(question.desk, intent)
    if found is None:
        return None
    together, parent = found
    return Answer(
        verdict=Verdict.PASS if together <= parent else Verdict.BREACH,
        sentence=f"{shares(together)} of the parent's {shares(parent)} {intent.symbol} "
        "would be done or open",
        security_ids=(intent.security_id,),
        value=fraction_of(together, parent),
        limit=Decimal(1),
        numerator=together,
        base=parent,
        headroom=parent - together,
        largest_quantity=max(parent - together + intent.quantity, ZERO),
    )
