"""A household's books in a few words: buy, sell, split, take over, and look for wash sales."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from domain.accounts import LotMethod
from domain.custody import CustodyHistory
from domain.instruments import CASH
from domain.lots import TaxLot, Term
from domain.orders import Side
from domain.postings import Leg, Transaction, TransactionKind
from domain.snapshot import PastTrade
from domain.sold import TOLD, sold_lots, told_id
from domain.sources import Source
from domain.splits import Split, factor, rounded_times
from ledger import (
    lots,
    positions,
    splits,
    wash_openings,
    wash_postings,
    wash_sales,
    wash_told,
)
from ledger.postings import opening_id
from ledger.wash_facts import WashFacts
from ledger.wash_postings import Entry
from ledger.wash_sales import Taxpayer

AT = datetime(2026, 11, 2, 21, 0, tzinfo=UTC)
NAME = "US5949181045"
TRADE, BY_HAND = TransactionKind.ALLOCATION, TransactionKind.ADJUSTMENT
SOURCE = Source("lots.csv", 2, "0" * 64)


class Books:
    """The accounts A and B are spouses', those whose names begin with IRA are theirs, too.

    Accounts that buy `elsewhere` are held away until they join.
    """

    def __init__(self, same=lambda security_id: security_id):
        self.transactions: list[Transaction] = []
        self.splits: list[Split] = []
        self.told: list[PastTrade] = []
        self.same = same

    def buy(self, name, day, shares, cost, *, account="A", security=NAME, kind=TRADE):
        """Opens the lot `name`."""
        lot = TaxLot(
            lot_id=name,
            account_id=account,
            security_id=security,
            quantity=Decimal(shares),
            basis=Decimal(cost),
            acquired=day,
            source=None,
        )
        legs = self._legs(account, security, lot.quantity)
        self._enter(f"buy:{name}", kind, day, legs, opened=(lot,))

    def sell(self, day, lot_id, shares, proceeds, *, kind=TRADE):
        """Gives the sale's id."""
        lot = next(one for one in self.lots() if one.lot_id == lot_id)
        taken = lots.relieve([lot], Decimal(shares), Decimal(proceeds), LotMethod.FIFO, sold_on=day)
        legs = (
            *self._legs(lot.account_id, lot.security_id, -Decimal(shares)),
            *self._legs(lot.account_id, CASH, Decimal(proceeds)),
        )
        sale = f"sale:{len(self.transactions)}"
        self._enter(sale, kind, day, legs, relieved=taken)
        return sale

    def leave(self, day, lot_id, shares):
        """By hand, at their cost, as `ledger.adjustments` has it; gives the posting's id."""
        lot = next(one for one in self.lots() if one.lot_id == lot_id)
        [taken] = lots.relieve([lot], Decimal(shares), Decimal(0), LotMethod.FIFO, sold_on=day)
        legs = self._legs(lot.account_id, lot.security_id, -Decimal(shares))
        name = f"left:{len(self.transactions)}"
        at_cost = replace(taken, proceeds=taken.basis)
        self._enter(name, BY_HAND, day, legs, relieved=(at_cost,))
        return name

    def buy_elsewhere(self, day, shares, account, security=NAME):
        """A custodian tells of it; gives what wash sales call it."""
        self.told.append(
            PastTrade(
                account_id=account,
                security_id=security,
                side=Side.BUY,
                quantity=Decimal(shares),
                day=day,
                gain=None,
                source=SOURCE,
            )
        )
        return told_id(account, security, day)

    def join(self, account, day, costs, security=NAME, history=None):
        """An account comes with a lot for each day that it bought on, at the `costs` by day.

        Gives its lots as they came.
        """
        came = tuple(
            TaxLot(
                lot_id=f"{account}:{bought}",
                account_id=account,
                security_id=security,
                quantity=self._become(security, shares, bought),
                basis=Decimal(costs[bought]),
                acquired=bought,
                source=SOURCE,
            )
            for bought, shares in self._elsewhere(account)
        )
        legs = self._legs(account, security, sum((lot.quantity for lot in came), Decimal(0)))
        self.enter(account, day, came, legs)
        self.bring_in(account, day, came, history or CustodyHistory(purchases={}, lots={}))
        return came

    def enter(self, account, day, came, legs):
        self.transactions.append(
            Transaction(
                transaction_id=opening_id(account),
                kind=TransactionKind.OPENING,
                trade_date=day,
                at=AT,
                legs=legs,
                opened=came,
            )
        )

    def bring_in(self, account, day, came, history):
        """Losses that its purchases had replaced come with its lots."""
        said = {one.replacement for posted in self.transactions for one in posted.disallowed}
        for purchase in sorted(said):
            if wash_openings.is_of(purchase, account):
                opened = wash_openings.opened_by(purchase, came, history)
                brought = wash_openings.bring_in(self.facts().strands(), opened, history.lots)
                for one in brought.found:
                    self.transactions.append(wash_postings.brought_in(one, self.entry(day)))

    def _elsewhere(self, account):
        """Shares by day."""
        found = defaultdict(Decimal)
        for one in self.told:
            if one.account_id == account:
                found[one.day] += one.quantity
        return sorted(found.items())

    def _become(self, security, shares, day):
        made = [one for one in self.splits if one.security_id == security]
        return rounded_times(shares, factor(made, day))

    def split(self, day, new, old, security=NAME):
        one = Split(security_id=security, day=day, new=new, old=old)
        self.transactions.append(splits.of_clients(one, self.transactions, self.lots(), AT))
        self.splits.append(one)

    def post(self, day, losses_since=date.min):
        """What is found and posted."""
        facts = self.facts()
        accounts = {lot.account_id for one in self.transactions for lot in one.opened}
        ours = {one.transaction_id for one in self.transactions}
        away = {one.account_id for one in self.told if opening_id(one.account_id) not in ours}
        accounts |= away
        retirement = frozenset(name for name in accounts if name.startswith("IRA"))
        taxable = frozenset(accounts) - retirement
        matched = wash_sales.match(
            [
                *(one for one in facts.strands() if one.tail.account_id in taxable),
                *facts.outside(retirement),
                *wash_told.purchases(self.told, facts, frozenset(away)),
            ],
            Taxpayer(taxable=taxable, retirement=retirement),
            self.same,
            since=date.min,
            losses_since=losses_since,
        )
        assert matched.is_complete
        posted = wash_postings.postings(matched.found, self.entry(day))
        self.transactions += posted
        return posted

    def facts(self):
        known = {lot.security_id for one in self.transactions for lot in one.opened}
        told = {name: [s for s in self.splits if s.security_id == name] for name in known}
        return WashFacts(self.transactions, self.lots(), told, is_all=True)

    def entry(self, day):
        used = {one.transaction_id for one in self.transactions}
        return Entry(trade_date=day, at=AT, run_id=None, is_free=lambda name: name not in used)

    def lots(self):
        return positions.lots(self.transactions)

    def held(self):
        """Of each open lot shares, basis and first day, by its purchase."""
        return sorted(
            (lot.lot_id.partition("~")[0], lot.quantity, lot.basis, lot.acquired)
            for lot in self.lots()
        )

    def gains(self, sale):
        """What a sale counts now, before what is disallowed: by term."""
        found = defaultdict(Decimal)
        for (name, _), relief in sold_lots(self.transactions).items():
            if name == sale:
                found[relief.term] += relief.gain
        return dict(found)

    def gone(self):
        """Losses that no lot of ours has: in retirement accounts, or held away."""
        return sum(
            (
                one.loss
                for one in positions.disallowed(self.transactions)
                if one.is_lost or one.replacement.startswith(TOLD)
            ),
            Decimal(0),
        )

    def allowed(self, sale):
        """What a sale counts now, all told."""
        lost = sum(one.loss for one in positions.disallowed(self.transactions) if one.sale == sale)
        return sum(self.gains(sale).values()) + lost

    @staticmethod
    def _legs(account, security, shares):
        return (
            Leg(book="street:X", asset=security, quantity=-shares),
            Leg(book=f"client:{account}", asset=security, quantity=shares),
        )

    def _enter(self, name, kind, day, legs, **lots_moved):
        self.transactions.append(
            Transaction(
                transaction_id=name,
                kind=kind,
                trade_date=day,
                at=AT,
                legs=legs,
                **lots_moved,
            )
        )


SHORT, LONG = Term.SHORT, Term.LONG
