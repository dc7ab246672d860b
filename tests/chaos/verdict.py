"""The verdict: what was lost, what happened twice, and what nobody can explain."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from domain.orders import Order, OrdStatus
from domain.ports import UnitOfWork
from domain.postings import TransactionKind
from oms.generations import next_name
from tests.chaos import witnesses
from tests.chaos.book import held_at_first, read_names
from tests.chaos.witnesses import Execution, Key
from vault.export import verify_audit
from vault.rebuild import check_projections
from vault.store import SqlVault

View = Mapping[str, object]  # An order as the venue's door shows it.
Sent = Mapping[tuple[str, str], int]  # How often each (MsgType, ClOrdID) came in at a venue.


_ENDED = frozenset({OrdStatus.CANCELED, OrdStatus.EXPIRED})


@dataclass(slots=True)
class Verdict:
    """One sentence for each thing that is wrong; none of any kind when all is well."""

    orders: int = 0
    executions: int = 0
    cancels: int = 0  # That reached a venue; replaces likewise.
    replaces: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> tuple[str, ...]:
        kinds = {"lost": self.lost, "twice": self.duplicated, "unexplained": self.unexplained}
        return tuple(f"{kind}: {one}" for kind, found in kinds.items() for one in found)


def judge(vault: SqlVault, at_venues: Sequence[View], files: Sequence[Path], sent: Sent) -> Verdict:
    """Compare the three witnesses, the orders, the ledger, the projections and the audit trail."""
    found = Verdict()
    count_sent(sent, found)
    with vault.read() as view:
        orders = [
            order for run in view.runs.recent(10**6) for order in view.orders.of_run(run.run_id)
        ]
        ours, copied = witnesses.booked(view), witnesses.in_copies(view)
        theirs = witnesses.in_files(files)
        found.orders, found.executions = len(orders), len(ours)
        compare(ours, theirs, copied, found)
        _compare_orders(orders, at_venues, found)
        _once_in_the_ledger(view, ours, found)
        found.unexplained += _open_ends(view, orders)
        found.unexplained += _positions(view, theirs)
    found.unexplained += check_projections(vault)
    if (tampering := verify_audit(vault)) is not None:
        found.unexplained.append(f"audit trail: {tampering}")
    return found


def count_sent(sent: Sent, found: Verdict) -> None:
    """Nothing may reach a venue twice, not even marked as a possible duplicate."""
    found.cancels = sum(kind == "F" for kind, _ in sent)
    found.replaces = sum(kind == "G" for kind, _ in sent)
    found.duplicated += [
        f"{kind} {name} was sent {times} times" for (kind, name), times in sent.items() if times > 1
    ]


def compare(
    ours: Sequence[Execution],
    theirs: Sequence[Execution],
    copied: Sequence[Execution],
    found: Verdict,
) -> None:
    """The venues' files are what happened; we must have all of it, and nothing else."""
    booked, happened = _by_key(ours), _by_key(theirs)
    found.lost += [f"{one}" for key, one in happened.items() if key not in booked]
    found.unexplained += [
        f"{one} is booked, not in a file" for key, one in booked.items() if key not in happened
    ]
    for name, said in (("booked", booked), ("the copy says", _by_key(copied))):
        found.unexplained += [
            f"{name} {said[key]}, the file says {one}"
            for key, one in happened.items()
            if key in said and said[key] != one
        ]
    repeated = Counter(one.key for one in ours)
    found.duplicated += [f"{key} is booked {n} times" for key, n in repeated.items() if n > 1]
    missing = happened.keys() ^ {one.key for one in copied}
    found.unexplained += [f"{key} is in only one of file and drop copy" for key in sorted(missing)]


def _compare_orders(orders: Sequence[Order], at_venues: Sequence[View], found: Verdict) -> None:
    """Each order is at its venue once, as we believe it to be; what never left is not there."""
    there: defaultdict[str, list[View]] = defaultdict(list)
    for shown in at_venues:
        there[str(_chain(shown)[0])].append(shown)
    for order in orders:
        name = order.intent.cl_ord_id
        seen = there.pop(name, [])
        if len(seen) > 1:
            found.duplicated.append(f"{name} is at the venue {len(seen)} times")
        elif bool(seen) == (order.status is OrdStatus.UNSENT):
            found.unexplained.append(f"{name} is {order.status.name} here, at the venue: {seen}")
        elif seen and (why := _disagreement(order, seen[0])):
            found.unexplained.append(f"{name} {why}")
    found.unexplained += [f"{name} is at the venue and not ours" for name in there]
    found.duplicated += _meant_once(orders)


def _disagreement(order: Order, shown: View) -> str:
    ours = (order.status.name.lower(), order.cum_qty, order.order_qty)
    theirs = (shown["status"], Decimal(str(shown["cum_qty"])), Decimal(str(shown["order_qty"])))
    if order.status in _ENDED and theirs == ("filled", order.order_qty, order.order_qty):
        theirs = (ours[0], *theirs[1:])  # Filled late: an ended order stays ended here.
    return "" if ours == theirs else f"is {ours} here and {theirs} at the venue"


def _chain(shown: View) -> list[object]:
    chain = shown["chain"]
    assert isinstance(chain, list)
    return chain


def _meant_once(orders: Iterable[Order]) -> Iterator[str]:
    """Of the generations of one intent at most one has left."""
    by_name = {order.intent.cl_ord_id: order for order in orders}
    for name, order in by_name.items():
        after = by_name.get(next_name(name))
        if after is not None and order.status is not OrdStatus.UNSENT:
            yield f"{name} is {order.status.name}, and went out again as {after.intent.cl_ord_id}"


def _once_in_the_ledger(view: UnitOfWork, ours: Sequence[Execution], found: Verdict) -> None:
    """A trade or correction is posted once; a bust or correction reverses once."""
    posted = Counter(
        Key(t.transaction_id.split(":")[1], f"{t.trade_date:%Y%m%d}", t.exec_id or "")
        for t in view.ledger.all()
        if t.kind is TransactionKind.FILL
    )
    due = {one.key for one in ours if one.kind != "H"}
    found.duplicated += [f"{key} is posted {n} times" for key, n in posted.items() if n > 1]
    found.lost += [f"{key} is booked, not posted" for key in sorted(due - posted.keys())]
    found.unexplained += [f"{key} is posted, not booked" for key in sorted(posted.keys() - due)]


def _open_ends(view: UnitOfWork, orders: Sequence[Order]) -> Iterator[str]:
    """What should be over: orders, doubts, quarantine, breaks."""
    for order in orders:
        if not order.is_closed or order.in_doubt:
            doubt = ", in doubt" if order.in_doubt else ""
            yield f"{order.intent.cl_ord_id} is still {order.status.name}{doubt}"
    for session, sequence, _, why in view.inbox.quarantined():
        yield f"{session} {sequence} is quarantined: {why}"
    for one in view.findings.breaks():
        yield f"break {one.kind}: {one.message}"


def _positions(view: UnitOfWork, theirs: Sequence[Execution]) -> Iterator[str]:
    """What all accounts and blocks own is what they began with and the files' standing fills."""
    names = read_names()
    security = {name.symbol: name.security_id for name in names}
    expected = dict(held_at_first(len(view.runs.recent(10**6)), names))
    undone = {(one.key.venue, one.changes) for one in theirs if one.kind in ("G", "H")}
    for one in theirs:
        if one.kind != "H" and (one.key.venue, one.key.exec_id) not in undone:
            expected[security[one.symbol]] += one.quantity if one.side == "1" else -one.quantity
    owned: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (book, asset), amount in view.ledger.balances().items():
        if book.startswith(("client:", "block:")):
            owned[asset] += amount
    for asset, shares in expected.items():
        if owned[asset] != shares:
            yield f"position of {asset} is {owned[asset]}, by the files it is {shares}"


def _by_key(executions: Iterable[Execution]) -> dict[Key, Execution]:
    return {one.key: one for one in executions}
