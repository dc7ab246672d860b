"""The ending: the faults stop, and in bounded time everything is known and agrees.

Only where the venue broke its own promises (it reset its numbers, or would not send again), or
where a power cut took the engine's store, may a doubt be left that two persons must end.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from domain.orders import CLOSED, Order, OrdStatus, Settlement, Side
from gateway.comparison import DIFFERS, UNMATCHED
from tests.simulation.desk import ACCOUNTS
from tests.simulation.history import History
from tests.simulation.witness import ViolationError
from vault.export import verify_audit
from vault.rebuild import check_projections

_ROUNDS = 60
_EAGER = 8  # Rounds of `_SOON` seconds; after them each lasts `_LATER`.
_SOON, _LATER = 0.5, 5.0
_PATIENCE = 20  # Rounds with nothing but doubts until people telephone; a silence is told before.
_IN_DOUBT = "in doubt:"
_GONE = (OrdStatus.UNSENT, OrdStatus.REJECTED)  # What the venue need not know.
_OPENED_WITH = 5_000  # Shares of AAPL for each account.


def converge(history: History) -> None:
    """Let everything run without faults until nothing is left to do; then compare."""
    _heal(history)
    still = 0
    for number in range(_ROUNDS):
        seconds = _SOON if number < _EAGER else _LATER
        history.guarded(lambda seconds=seconds: _round(history, seconds))
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
    history.network.is_reachable = True
    history.venue.heal()
    history.arm(10**9, "nothing")
    history.others_likelihood = 0.0


def _round(history: History, seconds: float) -> None:
    if history.process is None:
        history.repair_numbers()
        history.start()
    process = history.process
    if process is None:
        return
    if history.desk.has_halted:
        history.desk.lift(process.vault)
    if history.is_silent:  # QuickFIX may wait for ever for a gap: people hang up, as they are told.
        history.is_silent = False
        history.break_lines()
    history.connect()
    for _ in range(3):
        history.deliver_to_venue(1000)
        history.deliver_to_engine(40)
        process.book(1000)
        process.send()
    process.look()
    history.clock.advance(seconds)
    history.venue.tick()
    process.engine.tick()


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
    yield "" if process.core.questions.is_gate_open("XSIM") else "the gate is shut"


def _is_silent(history: History, name: str, order: Order) -> bool:
    return name in history.witness.sent and order.status is OrdStatus.INTENDED


def _doubtful(history: History) -> list[str]:
    return [name for name, order in history.witness.orders.items() if order.in_doubt]


def _by_telephone(history: History) -> None:
    """Two persons ask the venue about each doubt; allowed only with an excuse."""
    doubtful = _doubtful(history)
    if doubtful and not (history.excuses or history.venue.denials):
        raise ViolationError(f"[4] no wire can resolve {doubtful}, and nobody knows why")
    process = history.process
    assert process is not None
    for name in doubtful:
        theirs = history.venue.order_of(name)
        if theirs is None:
            what = Settlement.NEVER_REACHED
        else:
            what = Settlement.STANDS if theirs["leaves_qty"] else Settlement.ENDED
        history.note(f"by telephone: {name} {what.value}")
        history.desk.settle(process.vault, name, what)
        process.core.questions.booked([name])


def _settle_down(history: History) -> None:
    """The drop copy's patience passes, and its marks are written."""
    assert history.process is not None
    history.clock.advance(40)
    history.venue.tick()
    history.process.engine.tick()
    for _ in range(3):
        _round(history, _SOON)


def _compare(history: History) -> None:
    process = history.process
    assert process is not None
    history.witness.look()
    _compare_executions(history)
    _compare_orders(history)
    _compare_positions(history)
    if (tampering := verify_audit(process.vault.real)) is not None:
        raise ViolationError(f"[16] {tampering}")
    if differences := check_projections(process.vault.real):
        raise ViolationError(f"[10] {differences[0]}")


def _compare_executions(history: History) -> None:
    """Ours, the venue's and the drop copy's are the same."""
    missing = history.missing_executions()
    told = [subject for kind, subject in history.witness.breaks() if kind == UNMATCHED]
    for exec_id in missing:
        if not history.excuses:
            raise ViolationError(f"[5] execution {exec_id} of the venue is not booked")
        if not any(subject.endswith(f" {exec_id}") for subject in told):
            raise ViolationError(f"[5] execution {exec_id} is not booked, and nobody was told")
    booked = history.witness.executions()
    for exec_id, said in history.venue.trades.items():
        if exec_id in booked and booked[exec_id] != _as_said(said):
            raise ViolationError(
                f"[6] {exec_id} is booked as {booked[exec_id]}, not {_as_said(said)}"
            )
    if differs := [subject for kind, subject in history.witness.breaks() if kind == DIFFERS]:
        raise ViolationError(f"[5] the drop copy contradicts what is booked: {differs}")


def _as_said(said: object) -> tuple[str, Decimal, Decimal | None]:
    kind, quantity, price = (getattr(said, n) for n in ("exec_type", "last_qty", "last_px"))
    return kind, Decimal(quantity or 0), Decimal(price) if price else None


def _compare_orders(history: History) -> None:
    missing = {said.order_id for said in history.missing_executions().values()}
    for name, order in history.witness.orders.items():
        theirs = history.venue.order_of(name)
        if theirs is None:
            if history.witness.was_on_wire(name) and order.status not in _GONE:
                raise ViolationError(f"{name} is {order.status.name} here and unknown to the venue")
            continue
        if order.status is OrdStatus.UNSENT:
            raise ViolationError(f"[3] {name} counts as never sent, and the venue has it")
        if theirs["order_id"] in missing:
            continue
        if order.cum_qty != theirs["cum_qty"]:
            raise ViolationError(
                f"[11] {name} has {order.cum_qty}, the venue says {theirs['cum_qty']}"
            )
        if (order.status in CLOSED) != (theirs["leaves_qty"] == 0):
            raise ViolationError(f"{name} is {order.status.name} here, {theirs['status']} there")


def _compare_positions(history: History) -> None:
    """What clients and blocks hold is what they began with and the fills that stand."""
    wanted: Counter[str] = Counter({"US0378331005": _OPENED_WITH * len(ACCOUNTS)})
    for order in history.witness.orders.values():
        sign = 1 if order.intent.side is Side.BUY else -1
        wanted[order.intent.security_id] += sign * int(order.cum_qty)
    held = history.witness.held()
    for security, shares in wanted.items():
        if held[security] != shares * 1_000_000:
            raise ViolationError(f"[10] {security}: {held[security]} millionths held, not {shares}")
