"""The ending: the faults stop, and in bounded time everything is known and agrees.

Only where the venue broke its own promises (it reset its numbers, or would not send again), or
where a power cut took the engine's store, may a doubt be left that two persons must end.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.orders import Order, OrdStatus, Settlement, Side
from gateway.comparison import UNMATCHED
from tests.simulation import changes, copies, splits
from tests.simulation.history import History
from tests.simulation.market import night
from tests.simulation.wanted import BOOK
from tests.simulation.witness import ViolationError
from vault.export import verify_audit
from vault.rebuild import check_projections

_ROUNDS = 60
_EAGER = 8  # Rounds of `_SOON` seconds; after them each lasts `_LATER`.
_SOON, _LATER = 0.5, 5.0
_PATIENCE = 20  # Rounds with nothing but doubts until people telephone; a silence is told before.
_WITH_A_NIGHT = 0.4  # How many histories end on another day.
_IN_DOUBT = "in doubt:"
_GONE = (OrdStatus.UNSENT, OrdStatus.REJECTED)  # What the venue need not know.


def converge(history: History) -> None:
    """Let everything run without faults until nothing is left to do; then compare."""
    _heal(history)
    if history.random.random() < _WITH_A_NIGHT:
        night(history)
    still = 0
    for number in range(_ROUNDS):
        seconds = _SOON if number < _EAGER else _LATER
        history.guarded(lambda seconds=seconds: _round(history, seconds))
        history.guarded(lambda: _deliver(history))
        history.witness.look()
        unrest = _unrest(history)
        if not unrest:
            break
        still = still + 1 if unrest.startswith(_IN_DOUBT) else 0
        if still == _PATIENCE:
            _by_telephone(history)
    else:
        raise ViolationError(f"[convergence] after {_ROUNDS} rounds: {_unrest(history)}")
    _settle_down(history)
    _compare(history)


def _heal(history: History) -> None:
    history.note("the faults stop")
    history.disk.heal()
    history.clock.set_right()
    history.network.is_reachable = True
    for venue in history.venues.values():
        venue.heal()
    history.arm(10**9, "nothing")
    history.others_likelihood = 0.0


def _round(history: History, seconds: float) -> None:
    if history.process is None:
        history.repair_numbers()
        history.start()
    splits.book(history)
    process = history.process
    if process is None:
        return
    if history.desk.has_halted:
        history.desk.lift(process)
    if history.is_silent:  # QuickFIX may wait for ever for a gap: people hang up, as they are told.
        history.is_silent = False
        history.break_lines()
    history.connect()
    _deliver(history)
    process.look()
    history.clock.advance(seconds)
    history.tick()


def _deliver(history: History) -> None:
    """What is on its way arrives; a broker that works an order always has a slice on its way."""
    process = history.process
    if process is None:
        return
    for _ in range(3):
        history.deliver_to_venue(1000)
        history.deliver_to_engine(40)
        process.book(1000)
        process.send()


def _unrest(history: History) -> str:
    """What is still to happen, for people; empty when nothing is."""
    return next((text for text in _unrests(history) if text), "")


def _unrests(history: History) -> Iterator[str]:
    process, witness = history.process, history.witness
    if process is None:
        yield "the service is down"
        return
    down = [one for one in process.engine.sessions if not process.engine.is_logged_on(one)]
    yield f"{down[0]} is down" if down else ""
    yield f"{_IN_DOUBT} {doubtful}" if (doubtful := _doubtful(history)) else ""
    lines = history.network.lines.values()
    if any(line.is_half_open and line.engine_is_up for line in lines):
        yield "a connection is dead, and we have not noticed"
    gaps = [one.name for one in process.engine.sessions.values() if one.has_gap]
    yield f"{gaps[0]} waits for what is missing" if gaps else ""
    is_busy = process.arrivals or any(line.to_venue or line.to_engine for line in lines)
    yield "messages are on their way" if is_busy else ""
    yield f"{waiting} messages wait to be sent" if (waiting := witness.waiting()) else ""
    silent = [name for name, order in witness.orders.items() if _is_silent(history, name, order)]
    yield f"never answered: {silent}" if silent else ""
    open_ends = [
        one for order in witness.orders.values() for one in changes.unanswered(history, order)
    ]
    yield f"not answered: {open_ends}" if open_ends else ""
    shut = [name for name in history.venues if not process.core.questions.is_gate_open(name)]
    yield f"the gate to {shut[0]} is shut" if shut else ""


def _is_silent(history: History, name: str, order: Order) -> bool:
    return name in history.witness.sent and order.status is OrdStatus.INTENDED


def _doubtful(history: History) -> list[str]:
    return [name for name, order in history.witness.orders.items() if order.in_doubt]


def _by_telephone(history: History) -> None:
    """Two persons ask the venue about each doubt; allowed only with an excuse."""
    process = history.process
    assert process is not None
    orders = {venue.name: venue.by_name() for venue in history.venues.values()}
    for name in _doubtful(history):
        venue = history.venues[history.witness.orders[name].intent.venue]
        if not (history.is_excused(venue.name) or venue.denials):
            raise ViolationError(f"[4] no wire can resolve {name}, and nobody knows why")
        theirs = orders[venue.name].get(name)
        if theirs is None:
            what = Settlement.NEVER_REACHED
        else:
            what = Settlement.STANDS if theirs["leaves_qty"] else Settlement.ENDED
        history.note(f"by telephone: {name} {what.value}")
        history.desk.settle(process.vault, name, what)
        process.core.questions.booked([name])


def _settle_down(history: History) -> None:
    """The drop copy's patience passes, and its marks are written; a night's end is looked into."""
    assert history.process is not None
    history.clock.advance(40)
    history.tick()
    for _ in range(4 if history.nights else 3):
        _round(history, _LATER if history.nights else _SOON)
    for _ in range(_ROUNDS):
        if not _unrest(history):  # Nothing that the last heartbeat showed to be missing.
            break
        _round(history, _LATER)
    history.deliver_to_venue(1000)  # What the last moment brought, an auction perhaps.
    history.deliver_to_engine(1000)
    history.process.book(1000)


def _compare(history: History) -> None:
    process = history.process
    assert process is not None
    history.witness.look()
    _compare_executions(history)
    copies.compare(history)
    _compare_orders(history)
    changes.compare_voids(history, process)
    _compare_positions(history)
    if (tampering := verify_audit(process.vault.real)) is not None:
        raise ViolationError(f"[16] {tampering}")
    if differences := check_projections(process.vault.real):
        raise ViolationError(f"[10] {differences[0]}")


def _compare_executions(history: History) -> None:
    """Ours and the venue's are the same."""
    missing = history.missing_executions()
    told = [subject for kind, subject in history.witness.breaks() if kind == UNMATCHED]
    for venue, exec_id in missing:
        if not history.is_excused(venue):
            raise ViolationError(f"[5] execution {exec_id} of the venue is not booked")
        is_told = any(subject.endswith(f" {exec_id}") for subject in told)
        is_told = is_told or history.witness.is_undone(venue, exec_id)  # Which is an alarm.
        if history.has_copies(venue) and not is_told:
            raise ViolationError(f"[5] execution {exec_id} is not booked, and nobody was told")
    booked = history.witness.executions()
    for name, said in history.trades.items():
        if name in booked and booked[name] != _as_said(said):
            raise ViolationError(f"[6] {name} is booked as {booked[name]}, not {_as_said(said)}")


def _as_said(said: object) -> tuple[str, Decimal, Decimal | None]:
    kind, quantity, price = (getattr(said, n) for n in ("exec_type", "last_qty", "last_px"))
    return kind, Decimal(quantity or 0), Decimal(price) if price else None


def _compare_orders(history: History) -> None:
    missing = {(venue, said.order_id) for (venue, _), said in history.missing_executions().items()}
    orders = {venue.name: venue.by_name() for venue in history.venues.values()}
    for name, order in history.witness.orders.items():
        venue = history.venues[order.intent.venue]
        theirs = orders[venue.name].get(name)
        if theirs is None:
            is_gone = order.status in _GONE or (order.order_id is None and not order.fills)
            if history.witness.was_on_wire(name) and not (order.is_closed and is_gone):
                raise ViolationError(f"{name} is {order.status.name} here and unknown to the venue")
            continue
        if order.status is OrdStatus.UNSENT:
            raise ViolationError(f"[3] {name} counts as never sent, and the venue has it")
        if (venue.name, theirs["order_id"]) in missing:
            continue
        if order.cum_qty != theirs["cum_qty"]:
            raise ViolationError(
                f"[11] {name} has {order.cum_qty}, the venue says {theirs['cum_qty']}"
            )
        is_done = theirs["status"] == order.status.name.lower() == "done_for_day"
        if order.is_closed != (theirs["leaves_qty"] == 0) and not is_done:
            raise ViolationError(f"{name} is {order.status.name} here, {theirs['status']} there")
        if not order.is_closed:
            _compare_terms(history, name, order, theirs)


def _compare_terms(history: History, name: str, order: Order, theirs: Mapping[str, Any]) -> None:
    price = theirs["price"] and Decimal(theirs["price"])
    if (order.order_qty, order.limit_price) != (theirs["order_qty"], price):
        raise ViolationError(
            f"{name} is of {order.order_qty} at {order.limit_price} here, "
            f"of {theirs['order_qty']} at {price} there"
        )
    if asked := changes.unanswered(history, order):
        raise ViolationError(f"{name} was asked to change by {asked[-1]}, and nothing came of it")


def _compare_positions(history: History) -> None:
    """What clients and blocks hold is what they began with and the fills that stand."""
    if history.splits and history.left_to_people:
        return  # What a block keeps is in the shares of its day.
    wanted: Counter[str] = Counter()
    for lot in BOOK.lots:
        wanted[lot.security_id] += int(lot.quantity)
    for split in history.splits:
        wanted[split.security_id] *= split.new
    for name, order in history.witness.orders.items():
        sign = 1 if order.intent.side is Side.BUY else -1
        done = history.witness.done(name, history.splits)
        wanted[order.intent.security_id] += sign * done
    held = history.witness.held()
    for security, shares in wanted.items():
        if held[security] != shares * 1_000_000:
            raise ViolationError(f"[10] {security}: {held[security]} millionths held, not {shares}")
