"""Wash sales against a second telling of the law, in which every sixth of a share is a thing."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import lcm

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.lots import term_of
from domain.postings import TransactionKind
from domain.sold import TOLD, sold_lots
from ledger import positions, wash_postings
from ledger.postings import opening_id
from ledger.wash_strands import lot_after
from tests.ledger.wash_books import BY_HAND, TRADE, Books

BEGIN = date(2026, 1, 5)
WINDOW = timedelta(days=30)
CAME = ("buy:", "opening:")
ATOMS = 6  # Of one share before any split: so each share of any day is some of them, whole.


@dataclass(eq=False)
class Atom:
    """A part of a share, small enough that no split divides it."""

    origin: str
    account: str
    bought: date
    paid: Fraction
    lot_id: str = ""
    basis: Fraction = Fraction(0)
    acquired: date = date.min
    sold: date | None = None
    sale: str = ""
    proceeds: Fraction = Fraction(0)
    replaced_by: "Atom | None" = None  # By which my loss was.
    replaces: "Atom | None" = None
    is_tried: bool = False
    is_at_cost: bool = False  # It left without a sale,
    is_gone: bool = False  # and had replaced nothing by then.

    @property
    def loss(self):
        return self.basis - self.proceeds if self.sold and not self.is_at_cost else Fraction(0)

    @property
    def is_outside(self):
        """No lot of ours takes its loss over."""
        return self.account.startswith("IRA") or self.origin.startswith(TOLD)

    def chain(self):
        """Myself, and what replaced me, and so on."""
        return [self] if self.replaced_by is None else [self, *self.replaced_by.chain()]

    def purchases(self):
        """All of my chain, before and after."""
        first = self
        while first.replaces is not None:
            first = first.replaces
        return {one.origin for one in first.chain()}


@dataclass
class Twin:
    atoms: list[Atom] = field(default_factory=list)
    per_share: int = ATOMS

    def buy(self, name, day, shares, cost, *, account):
        count = int(shares * self.per_share)
        self.atoms += [
            Atom(name, account, day, paid, lot_id=name, basis=paid, acquired=day)
            for paid in [Fraction(cost, count)] * count
        ]

    def sell(self, day, sale, lot_id, shares, proceeds):
        count = int(shares * self.per_share)
        held = [one for one in self.atoms if one.lot_id == lot_id and one.sold is None]
        for one in held[:count]:
            one.sold, one.sale, one.proceeds = day, sale, Fraction(proceeds) / count

    def leave(self, day, name, lot_id, shares):
        self.sell(day, name, lot_id, shares, 0)
        for one in self.atoms:
            if one.sale == name:
                one.is_at_cost = True
                one.is_gone = one.replaces is None and not one.is_outside

    def join(self, account, names):
        """What it bought by this day has lots of ours; they are called as the books call them."""
        for one in self.atoms:
            if one.account == account:
                one.origin = one.lot_id = names[one.bought]
                if one.replaces is not None and not account.startswith("IRA"):
                    one.lot_id = lot_after(one.replaces, one.origin)

    def split(self, new, old):
        assert self.per_share * old % new == 0
        self.per_share = self.per_share * old // new

    def post(self):
        for one in self.atoms:
            one.is_tried = False
        while losing := [one for one in self.atoms if self._waits(one)]:
            first = min(self._turn(one) for one in losing)
            for one in losing:
                if self._turn(one) == first:
                    self._replace(one)

    def _waits(self, one):
        is_open = one.loss > 0 and one.replaced_by is None and not one.is_tried
        return is_open and not one.account.startswith("IRA")

    def _turn(self, one):
        return (one.sold, one.bought, one.sale, one.lot_id)

    def _replace(self, losing):
        free = [
            one
            for one in self.atoms
            if one.replaces is None
            and not one.is_gone
            and abs(one.bought - losing.sold) <= WINDOW
            and not one.purchases() & losing.purchases()
        ]
        if not free:
            losing.is_tried = True
            return
        found = min(free, key=self._place)
        losing.replaced_by, found.replaces = found, losing
        if not found.account.startswith("IRA"):
            self._carry(found, losing.loss, losing.sold - losing.acquired)

    def _place(self, one):
        if one.is_outside:
            return (one.bought, one.origin, (), "")
        mine = [it for it in one.chain() if not it.is_outside]
        last = one.chain()[-1]
        fate = tuple((it.sold or date.min, it.sale, it.origin) for it in mine)
        return (one.bought, one.origin, fate, "" if last in mine else last.origin)

    def _carry(self, first, dollars, days):
        """What makes a loss grow that was replaced goes the same way on."""
        for one in first.chain():
            if not one.account.startswith("IRA"):
                one.lot_id = lot_after(one.replaces, one.origin)
                one.basis += dollars
                one.acquired -= days


def compare(books, twin):
    """Every open lot, every sale's gain by lot and term, and every loss disallowed: the same."""
    held = {}
    for one in twin.atoms:
        if one.sold is None and not one.origin.startswith(TOLD):
            atoms, basis = held.get((one.lot_id, one.acquired), (0, Fraction(0)))
            held[one.lot_id, one.acquired] = (atoms + 1, basis + one.basis)
    ours = {(lot.lot_id, lot.acquired): (lot.quantity, lot.basis) for lot in books.lots()}
    assert ours.keys() == held.keys()
    for key, (quantity, basis) in ours.items():
        assert near(quantity * twin.per_share, held[key][0])
        assert near(basis, held[key][1])

    gains = {}
    for one in twin.atoms:
        if one.sold is not None:
            key = (one.sale, one.lot_id)
            gain, term = gains.get(key, (Fraction(0), None))
            assert term in {None, term_of(one.acquired, one.sold)}
            gains[key] = (gain - one.loss, term_of(one.acquired, one.sold))
    found = {key: (r.gain, r.term) for key, r in sold_lots(books.transactions).items()}
    assert found.keys() == gains.keys()
    for key, (gain, term) in found.items():
        assert near(gain, gains[key][0])
        assert term is gains[key][1]

    for is_lost in (False, True):
        lost = sum(
            one.loss
            for one in twin.atoms
            if one.replaced_by and one.replaced_by.account.startswith("IRA") is is_lost
        )
        posted = [d for d in positions.disallowed(books.transactions) if d.is_lost is is_lost]
        assert near(sum((d.loss for d in posted), Decimal(0)), Fraction(lost))


def near(ours, theirs):
    return abs(Fraction(ours) - theirs) < Fraction(1, 1000)


def conserves(books):
    """What counts, less what is gone in IRAs, is proceeds less cost plus what lots still hold."""
    facts = books.transactions
    bought = [lot for one in facts if one.transaction_id.startswith(CAME) for lot in one.opened]
    cost = sum(lot.basis for lot in bought if not lot.account_id.startswith("IRA"))
    sold = [r for r in positions.realised(facts) if not r.account_id.startswith("IRA")]
    proceeds = sum(relief.proceeds for relief in sold)
    basis = sum(lot.basis for lot in books.lots() if not lot.account_id.startswith("IRA"))
    counted = sum(relief.gain for relief in sold)
    counted += sum(one.loss for one in positions.disallowed(facts))
    assert counted - books.gone() == proceeds - cost + basis


days = st.integers(0, 9)  # Since the one before.
buys = st.tuples(
    st.just("buy"), days, st.sampled_from(["A", "A", "B", "IRA"]), st.integers(1, 4),
    st.integers(1, 40),
)  # fmt: skip
sells = st.tuples(st.just("sell"), days, st.integers(0, 9), st.integers(1, 4), st.integers(1, 40))
leaves = st.tuples(st.just("leave"), days, st.integers(0, 9), st.integers(1, 4))
posts = st.tuples(st.just("post"), days)
AWAY = st.sampled_from(["AWAY", "IRA-AWAY"])
told = st.tuples(st.just("told"), days, AWAY, st.integers(1, 4), st.integers(1, 40))
joins = st.tuples(st.just("join"), days, AWAY)
low_sells = st.tuples(
    st.just("sell"), days, st.integers(0, 9), st.integers(1, 4), st.integers(1, 9)
)
anything = st.one_of(buys, sells, posts, told, joins)
taken_over = st.tuples(  # Most of them: a loss that is replaced elsewhere, before it joins.
    st.tuples(st.just(("buy", 0, "A", 4, 40))),
    st.lists(st.one_of(told, told, buys), min_size=1, max_size=4),
    st.lists(low_sells, min_size=1, max_size=2),
    st.lists(st.one_of(posts, told, low_sells), min_size=1, max_size=3),
    st.lists(st.one_of(posts, joins, anything), min_size=2, max_size=5),
    st.lists(st.one_of(low_sells, posts, anything), max_size=8),
).map(lambda parts: [move for part in parts for move in part])
SPLITS = [(2, 1), (3, 1), (3, 2), (1, 2)]
LARGE = [(7, 1), (35, 1), (90, 1), (300, 1)]


def live(history, split, by_hand=frozenset()):
    """The same trades in the books and in the twin, which are compared after every posting.

    `by_hand` are the numbers of those that persons booked.
    """
    books, twin, day = Books(), Twin(per_share=lcm(ATOMS, split[1][0]) if split else ATOMS), BEGIN
    for number, (what, after, *rest) in enumerate(history):
        day += timedelta(days=after)
        kind = BY_HAND if number in by_hand else TRADE
        if split and split[0] <= number and not books.splits and books.lots():
            day += timedelta(days=1)
            books.split(day, *split[1])
            twin.split(*split[1])
        if what == "buy":
            account, shares, price = rest
            name = f"L{number:02}"
            books.buy(name, day, shares, shares * price, account=account, kind=kind)
            twin.buy(name, day, shares, shares * price, account=account)
        elif what == "sell" and books.lots():
            place, shares, price = rest
            lot = books.lots()[place % len(books.lots())]
            shares = min(Decimal(shares), lot.quantity)
            sale = books.sell(day, lot.lot_id, shares, shares * price, kind=kind)
            twin.sell(day, sale, lot.lot_id, shares, shares * price)
        elif what == "leave" and books.lots():
            place, shares = rest
            lot = books.lots()[place % len(books.lots())]
            shares = min(Decimal(shares), lot.quantity)
            twin.leave(day, books.leave(day, lot.lot_id, shares), lot.lot_id, shares)
        elif what == "told":
            buy_elsewhere(books, twin, day, rest)
        elif what == "join":
            join(books, twin, day, *rest)
        elif what == "post":
            books.post(day)
            twin.post()
        if what in {"join", "post"}:
            compare(books, twin)
            conserves(books)
    books.post(day)
    twin.post()
    compare(books, twin)
    conserves(books)
    assert books.post(day) == ()
    return books


def buy_elsewhere(books, twin, day, told_of):
    """Once a day, and as long as it is elsewhere."""
    account, shares, price = told_of
    known = {(one.account_id, one.day) for one in books.told}
    if (account, day) not in known and not is_ours(books, account):
        name = books.buy_elsewhere(day, shares, account)
        twin.buy(name, day, shares, shares * price, account=account)


def join(books, twin, day, account):
    """Its custodian knows what it paid, and nothing of our losses."""
    if is_ours(books, account):
        return
    costs = defaultdict(Fraction)
    for one in twin.atoms:
        if one.account == account:
            costs[one.bought] += one.paid
    came = books.join(account, day, {bought: int(cost) for bought, cost in costs.items()})
    twin.join(account, {lot.acquired: lot.lot_id for lot in came})


def is_ours(books, account):
    return any(one.transaction_id == opening_id(account) for one in books.transactions)


@settings(deadline=None, max_examples=400)
@given(history=st.lists(st.one_of(buys, buys, sells, sells, posts), min_size=3, max_size=24))
def test_lots_and_gains_are_what_shares_one_by_one_come_to(history):
    live(history, None)


@settings(deadline=None, max_examples=150)
@given(
    history=st.lists(st.one_of(buys, sells, low_sells, leaves, posts), min_size=3, max_size=16),
    split=st.none() | st.tuples(st.integers(1, 12), st.sampled_from(SPLITS)),
    by_hand=st.frozensets(st.integers(0, 15), max_size=12),
)
def test_what_persons_booked_is_matched_as_any_other_trade(history, split, by_hand):
    live(history, split, by_hand)


@settings(deadline=None, max_examples=300)
@given(
    history=taken_over,
    split=st.none() | st.tuples(st.integers(1, 12), st.sampled_from(SPLITS)),
)
@example(  # The IRA's share replaces a third of one: 0.333333, which are 0.999999 of its own.
    history=[
        ("buy", 0, "A", 4, 40),
        ("told", 0, "AWAY", 1, 1),
        ("sell", 0, 0, 2, 1),
        ("sell", 0, 0, 1, 1),
        ("post", 0),
        ("post", 0),
        ("buy", 0, "IRA", 1, 1),
    ],
    split=(3, (3, 1)),
)
def test_what_an_account_served_while_it_was_held_away_comes_along_once(history, split):
    live(history, split)


@settings(deadline=None, max_examples=200)
@given(
    history=st.lists(st.one_of(buys, sells, posts), min_size=3, max_size=14),
    split=st.tuples(st.integers(1, 12), st.sampled_from(SPLITS)),
)
def test_lots_and_gains_are_the_same_across_a_split(history, split):
    live(history, split)


@settings(deadline=None, max_examples=60)
@given(
    account=st.sampled_from(["A", "B", "IRA"]),
    first=st.integers(1, 6),
    rest=st.lists(st.one_of(buys, sells, posts), max_size=3),
    split=st.tuples(st.just(2), st.sampled_from(LARGE)),
)
@example(account="IRA", first=1, rest=[], split=(2, (35, 1)))
def test_a_millionth_of_a_large_split_is_neither_a_share_nor_what_stops_one(
    account, first, rest, split
):
    """Of a share sold before it, some are replaced at once and the others later."""
    new = split[1][0]
    history = [
        ("buy", 0, "A", 2, 40),
        ("sell", 0, 0, 1, 1),
        ("buy", 1, account, first, 1),
        ("post", 0),
        *rest,
        ("buy", 1, account, new - first, 1),
        ("post", 0),
    ]
    live(history, split)


@settings(deadline=None, max_examples=150)
@given(
    history=taken_over | st.lists(anything, min_size=4, max_size=14),
    split=st.none() | st.tuples(st.integers(1, 12), st.sampled_from(SPLITS)),
    order=st.randoms(use_true_random=False),
)
def test_when_every_trade_is_taken_back_nothing_is_left_of_the_wash_sales(history, split, order):
    books = live(history, split)
    day = date(2027, 1, 4)
    known = list(books.transactions)
    order.shuffle(known)
    for one in known:
        bought = frozenset(lot.lot_id for lot in one.opened if one.transaction_id[:4] == "buy:")
        books.transactions += wash_postings.taken_back(
            books.facts().strands(), one.transaction_id, bought, books.entry(day)
        )
        conserves(books)

    plain = Books()
    plain.transactions = [one for one in books.transactions if not is_wash(one)]
    moved = [lot.lot_id for one in plain.transactions for lot in (*one.opened, *one.relieved)]
    if not any("~w" in name for name in moved):
        assert totals(books) == totals(plain)
    assert sum(one.loss for one in positions.disallowed(books.transactions)) == 0
    assert all("~w" not in name for _, name in sold_lots(books.transactions))
    assert all("~w" not in lot.lot_id for lot in books.lots())


def is_wash(transaction):
    return transaction.kind is TransactionKind.WASH_SALE


def totals(books):
    """What is held and what sales gained, whatever postings led to it."""
    sold = {
        key: (r.quantity, r.basis, r.gain, r.term)
        for key, r in sold_lots(books.transactions).items()
    }
    return books.held(), sold
