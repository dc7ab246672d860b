"""Wash sales, 26 USC 1091: a loss that a purchase takes away.

A loss counts only if nothing substantially identical was acquired from 30 days before
the sale to 30 days after it; contracts and options to acquire it are acquisitions, too.
Shares match share for share, over the whole household, IRAs included; the shares that
are themselves sold replace nothing here, and the rest of a purchase replaces none of what is
sold of it (Rev. Rul. 56-602).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from domain.accounts import TaxStatus
from domain.compliance import Verdict
from domain.exact import ZERO, to_cents
from domain.facts import About
from domain.orders import Side
from domain.recommendations import Recommendation
from ledger.wash_strands import origin_of
from oms.compliance.book import Aggregate, Book
from oms.compliance.rules import AccountQuestion, Answer
from oms.wording import dollars, shares

_DUST = Decimal("0.00001")  # Shares: what a split's rounding leaves over.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """Shares sold at a loss, or acquired, by one account on one day."""

    account_id: str
    day: date
    quantity: Decimal
    loss: Decimal = ZERO  # A positive number.
    proposed: bool
    purchase: str = ""  # The lot that was bought with them, where it is known.

    def words(self, verb: str) -> str:
        when = "in this basket" if self.proposed else f"on {self.day}"
        return f"{self.account_id} {verb} {shares(self.quantity)} {when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WashSales:
    """No acquisition within `span_days` before or after a loss sale."""

    span_days: int

    def about_account(self, question: AccountQuestion) -> Answer | None:
        book, account_id = question.book, question.account_id
        members: tuple[str, ...] = (account_id,)
        if question.rule.aggregate is Aggregate.HOUSEHOLD:
            members = book.household(account_id)
        answers = [
            self._about_trade(book, members, trade)
            for trade in book.trades_of(account_id)
            if trade.side is Side.BUY or any(_losses_of(book, trade))
        ]
        breaches = [answer for answer in answers if answer.verdict is Verdict.BREACH]
        if breaches:
            return _joined(breaches)
        asked = ", ".join(trade.symbol for trade in book.trades_of(account_id))
        who = f"the {len(members)} accounts of the household" if len(members) > 1 else account_id
        return Answer(
            verdict=Verdict.PASS,
            sentence=f"no loss sale of {asked} meets an acquisition within {self.span_days} days "
            f"in {who}",
            security_ids=tuple(trade.security_id for trade in book.trades_of(account_id)),
            value=ZERO,
            limit=ZERO,
        )

    def _about_trade(self, book: Book, members: tuple[str, ...], trade: Recommendation) -> Answer:
        """The trade's own leg against every opposite leg in the window."""
        same = identical_to(book, trade.security_id)
        losses = tuple(self._losses(book, members, same))
        acquired = tuple(self._acquisitions(book, members, same))
        if trade.side is Side.SELL:
            losses = tuple(e for e in losses if e.proposed and e.account_id == trade.account_id)
        else:
            acquired = tuple(e for e in acquired if e.proposed and e.account_id == trade.account_id)
        acquired = tuple(a for a in acquired if any(_may_replace(a, loss) for loss in losses))
        matched, disallowed = _matched(losses, acquired)
        if matched == 0:
            return Answer(verdict=Verdict.PASS, sentence="", value=ZERO, limit=ZERO)
        sold = " and ".join(event.words("sells at a loss") for event in _by_day(losses))
        bought = " and ".join(event.words("acquires") for event in _by_day(acquired))
        return Answer(
            verdict=Verdict.BREACH,
            sentence=f"{trade.symbol}: {sold}, {bought}, within {self.span_days} days: "
            f"{shares(matched)} shares match, {dollars(to_cents(disallowed))} of loss would not "
            "count",
            security_ids=(trade.security_id,),
            value=matched,
            limit=ZERO,
            numerator=matched,
            headroom=-matched,
        )

    def _losses(
        self, book: Book, members: tuple[str, ...], same: Mapping[str, Decimal]
    ) -> Iterator[_Event]:
        for member in members:
            if book.account(member).tax_status is not TaxStatus.TAXABLE:
                continue
            for past in book.past_trades(member):
                gain = past.now.gain if past.side is Side.SELL else None
                is_meant = past.security_id in same and self._near(book, past.day)
                if is_meant and gain is not None and gain < 0:
                    yield _Event(
                        account_id=member,
                        day=past.day,
                        quantity=past.now.left,
                        loss=-gain,
                        proposed=False,
                    )
            for trade in book.trades_of(member):
                if trade.security_id in same:
                    yield from _losses_of(book, trade)

    def _acquisitions(
        self, book: Book, members: tuple[str, ...], same: Mapping[str, Decimal]
    ) -> Iterator[_Event]:
        for member in members:
            for security_id, units in same.items():
                recent = _recently_acquired(book, member, security_id)
                for event in sorted(recent, key=lambda one: one.day):
                    if event.quantity > _DUST and self._near(book, event.day):
                        yield replace(event, quantity=event.quantity * units)
            for trade in book.trades_of(member):
                if trade.security_id in same and trade.side is Side.BUY:
                    yield _Event(
                        account_id=member,
                        day=book.trade_date,
                        quantity=trade.quantity * same[trade.security_id],
                        proposed=True,
                    )

    def _near(self, book: Book, day: date) -> bool:
        return abs(book.trade_date - day) <= timedelta(days=self.span_days)


def identical_to(book: Book, security_id: str) -> Mapping[str, Decimal]:
    """What is substantially identical, itself included, with the shares that one unit stands for.

    By the master's word in either direction, and every derivative on one of them.
    """
    one = Decimal(1)
    if not book.has_security_facts():
        return {security_id: one}
    first = book.text(About.SECURITY, security_id, "underlying") or security_id
    first = book.text(About.SECURITY, first, "identical_to") or first
    same = {first: one, security_id: one}
    for other in book.securities():
        if book.text(About.SECURITY, other, "identical_to") == first:
            same[other] = one
    for other in book.securities():
        if book.text(About.SECURITY, other, "underlying") in same:
            same[other] = book.number(About.SECURITY, other, "multiplier")
    return same


def relieved(book: Book, trade: Recommendation) -> dict[str, Decimal]:
    """Shares by lot that a sale takes: the named lots in order, then the dearest ones.

    Where the recommendation leaves the choice open, the choice that shows the
    largest loss is assumed.
    """
    rank = {lot_id: place for place, lot_id in enumerate(trade.lot_ids)}
    lots = [lot for lot in book.lots(trade.account_id) if lot.security_id == trade.security_id]
    lots.sort(
        key=lambda lot: (rank.get(lot.lot_id, len(rank)), -lot.basis / lot.quantity, lot.lot_id)
    )
    left, taken = trade.quantity, dict[str, Decimal]()
    for lot in lots:
        taken[lot.lot_id] = min(lot.quantity, left)
        left -= taken[lot.lot_id]
    return {lot_id: quantity for lot_id, quantity in taken.items() if quantity > 0}


def _losses_of(book: Book, trade: Recommendation) -> Iterator[_Event]:
    """The shares of a proposed sale that realise a loss at the snapshot's price, by their lot."""
    taxable = book.account(trade.account_id).tax_status is TaxStatus.TAXABLE
    if trade.side is Side.BUY or not taxable:
        return
    taken, price = relieved(book, trade), book.price(trade.security_id)
    for lot in sorted(book.lots(trade.account_id), key=lambda lot: (lot.acquired, lot.lot_id)):
        sold = taken.get(lot.lot_id, ZERO)
        lot_loss = (lot.basis - price * lot.quantity) * sold / lot.quantity
        if sold > 0 and lot_loss > 0:
            yield _Event(
                account_id=trade.account_id,
                day=book.trade_date,
                quantity=sold,
                loss=lot_loss,
                proposed=True,
                purchase=origin_of(lot.lot_id),
            )


def _recently_acquired(book: Book, account_id: str, security_id: str) -> Iterator[_Event]:
    """Shares by the day and the lot they were acquired in, less those that the basket itself sells.

    A purchase shows as a past trade, as a lot, or as both: the larger of the two counts, less what
    has replaced a loss before. A lot that took a loss over has; what a retirement account's lots
    have replaced stands in its past trades alone. A lot that an account came with was bought when
    its past trade says.
    """
    bought: defaultdict[date, Decimal] = defaultdict(Decimal)
    served: defaultdict[date, Decimal] = defaultdict(Decimal)
    day_of = dict[str, date]()
    for past in book.past_trades(account_id):
        if past.security_id == security_id and past.side is Side.BUY:
            bought[past.day] += past.now.quantity
            served[past.day] += past.now.served
            day_of |= dict.fromkeys(past.lots, past.day)
    lots = [
        lot
        for lot in book.lots(account_id)
        if lot.security_id == security_id and lot.lot_id == origin_of(lot.lot_id)
    ]
    held: defaultdict[date, Decimal] = defaultdict(Decimal)
    for lot in lots:
        held[day_of.setdefault(lot.lot_id, lot.acquired)] += lot.quantity
    gone = _sold_in_basket(book, account_id, security_id)
    used = dict[date, Decimal]()
    if book.account(account_id).tax_status is not TaxStatus.TAXABLE:
        used = {day: min(served[day], held[day] + served[day] - bought[day]) for day in served}
    one = _Event(account_id=account_id, day=book.trade_date, quantity=ZERO, proposed=False)
    for lot in lots:
        day = day_of[lot.lot_id]
        cut = min(max(ZERO, used.get(day, ZERO)), lot.quantity)
        used[day] = used.get(day, ZERO) - cut
        left = min(lot.quantity - cut, lot.quantity - gone.get(lot.lot_id, ZERO))
        yield replace(one, day=day, quantity=left, purchase=origin_of(lot.lot_id))
    for day, quantity in bought.items():
        yield replace(one, day=day, quantity=quantity - served[day] - held[day])


def _sold_in_basket(book: Book, account_id: str, security_id: str) -> dict[str, Decimal]:
    """Shares by lot."""
    taken = dict[str, Decimal]()
    for trade in book.trades_of(account_id):
        if trade.security_id == security_id and trade.side is Side.SELL:
            taken |= relieved(book, trade)
    return taken


def _may_replace(acquired: _Event, loss: _Event) -> bool:
    return not acquired.purchase or acquired.purchase != loss.purchase


def _matched(losses: Sequence[_Event], acquired: Sequence[_Event]) -> tuple[Decimal, Decimal]:
    """Shares and dollars of losses that are replaced: both sides the earliest first."""
    free = sorted(acquired, key=lambda one: (one.day, one.purchase))
    unused = [one.quantity for one in free]
    matched = disallowed = ZERO
    for loss in sorted(losses, key=lambda one: one.day):
        left = loss.quantity
        for place, event in enumerate(free):
            if _may_replace(event, loss):
                used = min(left, unused[place])
                left -= used
                unused[place] -= used
        matched += loss.quantity - left
        disallowed += loss.loss * (loss.quantity - left) / loss.quantity
    return matched, disallowed


def _by_day(events: Sequence[_Event]) -> Iterable[_Event]:
    """As they are told: one for an account and day, whatever the lots."""
    together: dict[tuple[str, date, bool], _Event] = {}
    for one in events:
        key = (one.account_id, one.day, one.proposed)
        known = together.get(key)
        together[key] = replace(one, quantity=one.quantity + known.quantity) if known else one
    return together.values()


def _joined(breaches: list[Answer]) -> Answer:
    """One answer for several trades of one account: the matched shares add up."""
    matched = sum((answer.value or ZERO for answer in breaches), ZERO)
    return Answer(
        verdict=Verdict.BREACH,
        sentence="; ".join(answer.sentence for answer in breaches),
        security_ids=tuple(i for answer in breaches for i in answer.security_ids),
        value=matched,
        limit=ZERO,
        numerator=matched,
        headroom=-matched,
    )
