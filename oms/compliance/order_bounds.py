"""OrderBounds: whether this one order is sane.

Shape of 17 CFR 240.15c3-5(c)(1)(ii); the numbers are the firm's. The share of
the average daily volume is that of the whole block, so it is the same for
every account in it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import OrderIntent, Side
from oms.compliance.book import Book, MissingDataError
from oms.compliance.limits import LimitFrom
from oms.compliance.rules import AccountQuestion, Answer, OrderQuestion, fraction_of
from oms.wording import counted, dollars, percent, shares


class Measure(StrEnum):
    """What is measured of the order."""

    QUANTITY = "quantity"  # Shares.
    NOTIONAL = "notional"  # Dollars, at the limit price or else the reference price.
    COLLAR = "collar"  # Distance of the limit price from the reference price, a fraction.
    REFERENCE_AGE = "reference_age"  # Calendar days from the reference price to the trade date.
    SHARE_OF_ADV = "share_of_adv"  # Block over average daily volume, a fraction.
    REFERENCE_SECONDS = "reference_seconds"  # Seconds since the reference price, by the order.
    MINIMUM_TRADE = "minimum_trade"  # Dollars that a trade must at least be worth.
    HOLDING = "holding"  # Shares sold against shares held; has no maximum of its own.


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBounds:
    """The measure <= maximum."""

    measure: Measure
    maximum: Decimal | None = None
    minimum_from: LimitFrom | None = None  # Of the smallest trade.

    def problem(self) -> tuple[str, str] | None:
        if (self.measure is Measure.MINIMUM_TRADE) != (self.minimum_from is not None):
            return "minimum_from", "whose smallest trade it is; only minimum_trade has one"
        own = self.measure in (Measure.HOLDING, Measure.MINIMUM_TRADE)
        if own != (self.maximum is None):
            return "maximum", "a number, except for holding, whose limit is what is held"
        if self.maximum is None:
            return None
        is_fraction = self.measure in (Measure.COLLAR, Measure.SHARE_OF_ADV)
        if is_fraction and not 0 < self.maximum < 1:
            return "maximum", "a fraction above 0 and below 1"
        if self.maximum < 0 or (self.maximum == 0 and self.measure is not Measure.REFERENCE_AGE):
            return "maximum", "a number above 0"
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        book, account_id = question.book, question.account_id
        if self.measure is Measure.HOLDING:
            sold = {
                trade.security_id: trade.quantity
                for trade in book.trades_of(account_id)
                if trade.side is Side.SELL
            }
            held = book.held(account_id)
            asked = [_sale(book, account_id, i, sold[i], held.get(i, ZERO)) for i in sorted(sold)]
            return _worst(asked)
        if self.measure is Measure.MINIMUM_TRADE:
            return self._smallest(question)
        if self.measure is Measure.SHARE_OF_ADV:
            return _worst(
                [
                    self._share_of_adv(book, security_id, side, book.block(security_id, side))
                    for security_id, side in sorted(
                        {(t.security_id, t.side) for t in book.trades_of(account_id)}
                    )
                ]
            )
        return None

    def about_order(self, question: OrderQuestion) -> Answer | None:
        book, intent = question.desk.book, question.intent
        ask: Mapping[Measure, Callable[[], Answer | None]] = {
            Measure.HOLDING: lambda: _worst(list(_sales(book, intent))),
            Measure.MINIMUM_TRADE: lambda: None,
            Measure.SHARE_OF_ADV: lambda: self._share_of_adv(
                book, intent.security_id, intent.side, intent.quantity
            ),
            Measure.COLLAR: lambda: self._collar(intent),
            Measure.REFERENCE_AGE: lambda: self._reference_age(book, intent),
            Measure.REFERENCE_SECONDS: lambda: self._reference_seconds(book, intent),
        }
        return ask.get(self.measure, lambda: self._size(intent))()

    def _reference_seconds(self, book: Book, intent: OrderIntent) -> Answer:
        assert self.maximum is not None
        age = book.number(About.ORDER, intent.cl_ord_id, "reference_age")
        words = f"the reference price of {intent.symbol} is {shares(age)} s old, "
        words += f"at most {shares(self.maximum)}"
        return _bounded(age, self.maximum, words, intent.security_id, None)

    def _smallest(self, question: AccountQuestion) -> Answer | None:
        """The smallest trade against the client's minimum; a sale of all that is held may pass."""
        book, account_id = question.book, question.account_id
        assert self.minimum_from is not None
        least = self.minimum_from.read(book, account_id)
        assert least is not None
        held = book.held(account_id)
        trades = [
            (trade.quantity * book.price(trade.security_id), trade)
            for trade in book.trades_of(account_id)
            if trade.side is Side.BUY or trade.quantity != held.get(trade.security_id)
        ]
        if not trades:
            return None
        value, trade = min(trades, key=lambda pair: (pair[0], pair[1].symbol))
        return Answer(
            verdict=Verdict.PASS if value >= least else Verdict.BREACH,
            sentence=f"the smallest trade is {dollars(value)} of {trade.symbol}, at least "
            f"{dollars(least)}",
            security_ids=(trade.security_id,),
            value=value,
            limit=least,
            numerator=value,
            headroom=value - least,
        )

    def _size(self, intent: OrderIntent) -> Answer:
        assert self.maximum is not None
        price = intent.reference_price if intent.limit_price is None else intent.limit_price
        if self.measure is Measure.QUANTITY:
            value, largest = intent.quantity, self.maximum.to_integral_value(ROUND_DOWN)
            words = f"{shares(value)} shares of {intent.symbol}, at most {shares(self.maximum)}"
        else:
            value = intent.quantity * price
            largest = (self.maximum / price).to_integral_value(ROUND_DOWN)
            words = f"{dollars(value)} of {intent.symbol}, at most {dollars(self.maximum)}"
        return _bounded(value, self.maximum, words, intent.security_id, largest)

    def _collar(self, intent: OrderIntent) -> Answer | None:
        """A market order has no limit price: the question does not arise."""
        assert self.maximum is not None
        if intent.limit_price is None:
            return None
        reference = intent.reference_price
        away = abs(intent.limit_price - reference)
        allowed = self.maximum * reference
        value = fraction_of(away, reference)
        words = (
            f"limit {dollars(intent.limit_price)} is {percent(value)} from the reference "
            f"{dollars(reference)}, at most {percent(self.maximum)}"
        )
        return Answer(
            verdict=Verdict.PASS if away <= allowed else Verdict.BREACH,
            sentence=words,
            security_ids=(intent.security_id,),
            value=value,
            limit=self.maximum,
            numerator=away,
            base=reference,
            headroom=allowed - away,
        )

    def _reference_age(self, book: Book, intent: OrderIntent) -> Answer:
        assert self.maximum is not None
        days = [p.day for p in book.snapshot.prices if p.security_id == intent.security_id]
        if not days:
            raise MissingDataError(f"{intent.symbol} has no price")
        age = Decimal((intent.trade_date - max(days)).days)
        words = (
            f"the reference price of {intent.symbol} is of {max(days)}, "
            f"{counted(int(age), 'day')} before the trade date, at most {shares(self.maximum)}"
        )
        return _bounded(age, self.maximum, words, intent.security_id, None)

    def _share_of_adv(self, book: Book, security_id: str, side: Side, quantity: Decimal) -> Answer:
        assert self.maximum is not None
        volume = Decimal(book.security(security_id).average_daily_volume)
        symbol = book.symbol(security_id)
        if volume <= 0:
            raise MissingDataError(f"{symbol} has no average daily volume")
        allowed = self.maximum * volume
        value = fraction_of(quantity, volume)
        words = (
            f"the block {'buys' if side is Side.BUY else 'sells'} {shares(quantity)} {symbol}, "
            f"{percent(value)} of {shares(volume)} a day, at most {percent(self.maximum)}"
        )
        return Answer(
            verdict=Verdict.PASS if quantity <= allowed else Verdict.BREACH,
            sentence=words,
            security_ids=(security_id,),
            value=value,
            limit=self.maximum,
            numerator=quantity,
            base=volume,
            headroom=allowed - quantity,
            largest_quantity=allowed.to_integral_value(ROUND_DOWN),
        )


def _sales(book: Book, intent: OrderIntent) -> Iterator[Answer]:
    if intent.side is Side.SELL:
        for allocation in intent.allocations:
            held = book.held(allocation.account_id).get(intent.security_id, ZERO)
            yield _sale(book, allocation.account_id, intent.security_id, allocation.quantity, held)


def _sale(
    book: Book, account_id: str, security_id: str, quantity: Decimal, held: Decimal
) -> Answer:
    words = (
        f"{account_id} sells {shares(quantity)} {book.symbol(security_id)} and holds {shares(held)}"
    )
    return _bounded(quantity, held, words, security_id, held)


def _bounded(
    value: Decimal, limit: Decimal, words: str, security_id: str, largest: Decimal | None
) -> Answer:
    return Answer(
        verdict=Verdict.PASS if value <= limit else Verdict.BREACH,
        sentence=words,
        security_ids=(security_id,),
        value=value,
        limit=limit,
        numerator=value,
        headroom=limit - value,
        largest_quantity=largest,
    )


def _worst(answers: list[Answer]) -> Answer | None:
    """The answer with the least headroom speaks for all."""
    if not answers:
        return None
    return min(answers, key=lambda answer: (_room(answer), answer.sentence))


def _room(answer: Answer) -> Decimal:
    """Headroom as a fraction of the limit, so that names of other sizes compare."""
    assert answer.headroom is not None
    assert answer.numerator is not None
    return answer.headroom / max(answer.headroom + answer.numerator, Decimal(1))
