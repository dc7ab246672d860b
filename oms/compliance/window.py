"""Window: whether two events fall too close together.

Three pairs are known: the wash sale (26 USC 1091), the constructive sale (26 USC 1259)
and the short sale before an offering (17 CFR 242.105).
"""

from dataclasses import dataclass
from enum import StrEnum

from oms.compliance.constructive_sale import constructive_sales
from oms.compliance.offering import short_before_offering
from oms.compliance.rules import AccountQuestion, Answer, OrderQuestion
from oms.compliance.wash_sale import WashSales


class Happening(StrEnum):
    """What may happen to a security."""

    LOSS_SALE = "loss_sale"  # In a taxable account; a gain or a tax-deferred sale is none.
    ACQUISITION = "acquisition"  # In any account of the aggregate.
    APPRECIATED_LONG = "appreciated_long"  # A position with a gain.
    OFFSETTING_SHORT = "offsetting_short"  # A short sale, swap, forward or future against it.
    SHORT_SALE = "short_sale"
    OFFERING_PURCHASE = "offering_purchase"


WASH = (Happening.LOSS_SALE, Happening.ACQUISITION)
CONSTRUCTIVE = (Happening.APPRECIATED_LONG, Happening.OFFSETTING_SHORT)
OFFERING = (Happening.SHORT_SALE, Happening.OFFERING_PURCHASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """No second event within the span of a first one, in either order."""

    first: Happening
    second: Happening
    span_days: int = 0  # Calendar days; of an offering, business days before its pricing.

    def problem(self) -> tuple[str, str] | None:
        pair = (self.first, self.second)
        if pair not in (WASH, CONSTRUCTIVE, OFFERING):
            return "first", " or ".join(
                f'first = "{first}" and second = "{second}"'
                for first, second in (WASH, CONSTRUCTIVE, OFFERING)
            )
        if pair != CONSTRUCTIVE and not 1 <= self.span_days <= 366:
            return "span_days", "days from 1 to 366"
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        if self.first is Happening.LOSS_SALE:
            return WashSales(span_days=self.span_days).about_account(question)
        if self.first is Happening.APPRECIATED_LONG:
            return constructive_sales(question)
        return None

    def about_order(self, question: OrderQuestion) -> Answer | None:
        if self.first is Happening.SHORT_SALE:
            return short_before_offering(question, self.span_days)
        return None
