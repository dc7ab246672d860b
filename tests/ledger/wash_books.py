"""A household's books in a few words: buy, sell, split, and look for wash sales."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

from domain.accounts import LotMethod
from domain.lots import TaxLot, Term
from domain.postings import Leg, Transaction, TransactionKind
from domain.sold import sold_lots
from domain.splits import Split
from ledger import lots, positions, splits, wash_postings, wash_sales
from ledger.wash_facts import WashFacts
from ledger.wash_postings import Entry
from ledger.wash_sales import Taxpayer

AT = datetime(2026, 11, 2, 21, 0, tzinfo=UTC)
NAME = "US5949181045"


class Books:
    """The accounts A and B are spouses', those whose names begin with IRA are theirs, too."""

    def __init__(self, same=lambda security_id: security_id):
        self.transactions: list[Transaction] = []
        self.splits: list[Split] = []
        self.same = same

    def buy(self, name, day, shares, cost, *, account="A", security=NAME):
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
        self._allocate(f"buy:{name}", day, legs, opened=(lot,))

    def sell(self, day, lot_id, shares, proceeds):
        """Gives the sale's id."""
        lot = next(one for one in self.lots() if one.lot_id == lot_id)
        taken = lots.relieve([lot], Decimal(shares), Decimal(proceeds), LotMethod.FIFO, sold_on=day)
        legs = self._legs(lot.account_id, lot.security_id, -Decimal(shares))
        sale = f"sale:{len(self.transactions)}"
        self._allocate(sale, day, legs, relieved=taken)
        return sale

    def split(self, day, new, old, security=NAME):
        one = Split(security_id=security, day=day, new=new, old=old)
        self.transactions.append(splits.of_clients(one, self.transactions, self.lots(), AT))
        self.splits.append(one)

    def post(self, day, losses_since=date.min):
        """What is found and posted."""
        facts = self.facts()
        accounts = {lot.account_id for one in self.transactions for lot in one.opened}
        retirement = frozenset(name for name in accounts if name.startswith("IRA"))
        taxable = frozenset(accounts) - retirement
        matched = wash_sales.match(
            [
                *(one for one in facts.strands() if one.tail.account_id in taxable),
                *facts.outside(retirement),
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

    def _allocate(self, name, day, legs, **lots_moved):
        self.transactions.append(
            Transaction(
                transaction_id=name,
                kind=TransactionKind.ALLOCATION,
                trade_date=day,
                at=AT,
                legs=legs,
                **lots_moved,
            )
        )


SHORT, LONG = Term.SHORT, Term.LONG
