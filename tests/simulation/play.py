"""The play: what happens next, drawn by weight."""

from collections.abc import Callable
from random import Random

from domain.errors import TryAgainError
from tests.simulation.disk import Fault
from tests.simulation.history import History

Act = Callable[[History], object]

_TOLERANCE_SECONDS = 120  # Of the venue, for SendingTime (52).


class Mood:
    """What one history has much of, and what it has none of: rare things meet more often so."""

    def __init__(self, random: Random) -> None:
        self._weights = {
            act: weight * (1 if act in _ALWAYS else random.choice(_MOODS))
            for act, weight in _WEIGHTS.items()
        }

    def draw(self, history: History) -> Act:
        """What happens next."""
        acts = _WITHOUT_SERVICE if history.process is None else _WITH_SERVICE
        acts = [act for act in acts if act not in _WHEN or _WHEN[act](history)]
        weights = [self._weights[act] for act in acts]
        return history.random.choices(acts, weights)[0]


def happen(history: History, mood: Mood) -> None:
    """One event, and the question whether everything still holds."""
    act = mood.draw(history)
    history.note(act.__name__.strip("_").replace("_", " "))
    history.guarded(lambda: act(history))
    history.witness.look()


# The service's threads.


def _send(history: History) -> None:
    assert history.process is not None
    history.process.send()


def _book(history: History) -> None:
    assert history.process is not None
    history.process.book(history.random.choice((1, 3, 10, 100)))


def _look(history: History) -> None:
    assert history.process is not None
    history.process.look()


def _connect(history: History) -> None:
    """Mostly the Logons follow at once."""
    history.connect()
    if history.random.random() < 0.8:
        history.deliver_to_venue(3)
        history.deliver_to_engine(3)


def _tick(history: History) -> None:
    history.clock.advance(history.random.choice((0.1, 0.5, 0.5, 1, 2, 6, 20)))
    history.venue.tick()
    if history.process is not None:
        history.process.engine.tick()


def _start(history: History) -> None:
    history.start()


# The network.


def _to_venue(history: History) -> None:
    history.deliver_to_venue(history.random.choice((1, 2, 10)))


def _to_engine(history: History) -> None:
    history.deliver_to_engine(history.random.choice((1, 2, 10)))


def _break_lines(history: History) -> None:
    history.break_lines()


def _half_open(history: History) -> None:
    history.half_open()


def _network_away(history: History) -> None:
    history.network.is_reachable = False
    history.break_lines()


def _network_back(history: History) -> None:
    history.network.is_reachable = True


def _go_on(history: History) -> None:
    """A while in which everything takes its course."""
    assert history.process is not None
    history.connect()
    for _ in range(2):
        history.deliver_to_venue(10)
        history.deliver_to_engine(10)
        history.process.book(100)
        history.process.send()
    history.clock.advance(0.4)


# People.


def _wish(history: History, wish: Callable[..., object], *more: object) -> None:
    """A database that is away refuses a wish, and whoever had it sees that."""
    assert history.process is not None
    try:
        history.note(f"  {wish(history.process.vault, *more)}")
        history.process.wake()
    except TryAgainError as error:
        history.note(f"  refused: {error}")


def _place(history: History) -> None:
    for _ in range(history.random.randint(1, 3)):
        _wish(history, history.desk.place)


def _cancel(history: History) -> None:
    _wish(history, history.desk.cancel)


def _replace(history: History) -> None:
    _wish(history, history.desk.replace)


def _send_again(history: History) -> None:
    _wish(history, history.desk.send_again)


def _kill(history: History) -> None:
    """In the middle of something."""
    _place(history)
    assert history.process is not None
    _wish(history, history.desk.kill, history.process.setting, history.process.wake)


def _lift(history: History) -> None:
    _wish(history, history.desk.lift)


def _stop(history: History) -> None:
    history.stop()


# The venue.


def _order(history: History, *, is_open: bool = True) -> dict[str, object] | None:
    """One of our orders there that it has accepted."""
    orders = [
        one
        for one in history.venue.orders()
        if bool(one["leaves_qty"]) is is_open and one["status"] != "pending_new"
    ]
    return history.random.choice(orders) if orders else None


def _trade(history: History) -> None:
    """A stranger comes to the market."""
    symbol = history.random.choice(("AAPL", "KO"))
    history.venue.operate(
        "inject",
        symbol=symbol,
        side=history.random.choice(("buy", "sell")),
        quantity=history.random.choice((7, 40, 90, 200)),
        time_in_force="3",
    )


def _execute(history: History) -> None:
    """An execution that no book made, of a closed order perhaps: a late fill."""
    order = _order(history, is_open=history.random.random() < 0.5)
    if order is not None:
        price = order["price"] or "148.00"
        quantity = history.random.choice((1, 5, 20))
        history.venue.operate("execute", order_id=order["order_id"], quantity=quantity, price=price)


def _bust(history: History) -> None:
    if exec_id := _some_trade(history):
        history.venue.operate("bust", exec_id=exec_id)


def _correct(history: History) -> None:
    if exec_id := _some_trade(history):
        history.venue.operate(
            "correct",
            exec_id=exec_id,
            quantity=history.random.randint(1, 30),
            price=history.random.choice(("63.60", "147.50")),
        )


def _some_trade(history: History) -> str | None:
    trades = list(history.venue.trades)
    return history.random.choice(trades) if trades else None


def _cancel_unasked(history: History) -> None:
    if (order := _order(history)) is not None:
        history.venue.operate("cancel", order_id=order["order_id"])


def _restate(history: History) -> None:
    order = _order(history)
    if order is not None and isinstance(order["order_qty"], int):
        quantity = max(1, order["order_qty"] - history.random.choice((1, 10)))
        history.venue.operate("restate", order_id=order["order_id"], quantity=quantity)


def _refuse_change(history: History) -> None:
    if (order := _order(history)) is not None:
        history.venue.operate("refuse", order_id=order["order_id"])


def _stop_order(history: History) -> None:
    if (order := _order(history)) is not None and order["price"]:
        history.venue.operate("stop", order_id=order["order_id"], quantity=1, price=order["price"])


def _telephone(history: History) -> None:
    """An order of ours that we know nothing of."""
    history.venue.operate("telephone", client="TRIMTAB", symbol="KO", side="buy", quantity=10)


def _halt_trading(history: History) -> None:
    symbol = history.random.choice(("AAPL", "KO"))
    history.venue.operate(history.random.choice(("halt", "resume")), symbol=symbol)


def _repeat(history: History) -> None:
    history.venue.repeat(possible_duplicate=history.random.random() < 0.5)


def _lose_one(history: History) -> None:
    history.venue.lose_one()


def _crash_of_venue(history: History) -> None:
    history.venue.crash()


def _reset_sequence(history: History) -> None:
    history.excuses.add("the venue reset its sequence numbers")
    history.venue.reset_sequence(history.random.choice((1, 50)))


def _refuse_resends(history: History) -> None:
    history.excuses.add("the venue refused to send again")
    history.venue.refuse_resends(history.random.choice((1, 30)))


def _forget(history: History) -> None:
    """It denies orders that it has; never beside a power cut, after which no store is a proof."""
    venue = history.venue
    venue.is_forgetful = "power cut" not in history.excuses and not venue.is_forgetful


# Misfortune.


def _crash(history: History) -> None:
    history.die()


def _crash_while_listening(history: History) -> None:
    """What has just come is counted by the engine and not booked."""
    history.deliver_to_venue(10)
    history.deliver_to_engine(10)
    history.die()


def _crash_in_sending(history: History) -> None:
    history.arm(history.random.randint(0, 6), "crash")


def _break_in_sending(history: History) -> None:
    history.arm(history.random.randint(0, 6), "drop")


def _power_cut(history: History) -> None:
    if not history.venue.denials:
        history.venue.is_forgetful = False
        history.power_cut()


def _repair(history: History) -> None:
    history.repair_numbers()


def _sick_disk(history: History) -> None:
    for _ in range(history.random.choice((1, 2, 4))):
        fault = history.random.choice(list(Fault))
        history.disk.arm(history.random.randint(0, 8), fault)


def _sick_while_booking(history: History) -> None:
    history.deliver_to_venue(10)
    history.deliver_to_engine(10)
    history.disk.arm(history.random.randint(0, 2), history.random.choice(list(Fault)))
    _book(history)


def _sick_while_sending(history: History) -> None:
    history.disk.arm(history.random.randint(0, 2), history.random.choice(list(Fault)))
    _send(history)


def _jump(history: History) -> None:
    """What is on its way is stale then; a session's Reject that gets lost is not said again."""
    seconds = history.random.choice((-3600, -2, 2, 3600))
    if abs(seconds) > _TOLERANCE_SECONDS:
        history.excuses.add("the clock jumped by an hour")
    history.clock.jump(seconds)


def _odd_venue(history: History) -> None:
    history.venue.oddity = history.random.choice((0, 0.3))


_WEIGHTS: dict[Act, float] = {
    _start: 40,
    _send: 30,
    _book: 16,
    _look: 3,
    _connect: 12,
    _tick: 14,
    _to_venue: 24,
    _to_engine: 24,
    _go_on: 14,
    _place: 12,
    _cancel: 5,
    _replace: 4,
    _send_again: 1.5,
    _kill: 0.6,
    _lift: 6,
    _stop: 0.2,
    _trade: 14,
    _execute: 3,
    _bust: 1,
    _correct: 1,
    _cancel_unasked: 0.7,
    _restate: 0.5,
    _refuse_change: 1,
    _stop_order: 0.0,
    _telephone: 0.2,
    _halt_trading: 0.5,
    _repeat: 1,
    _lose_one: 0.5,
    _crash_of_venue: 0.4,
    _reset_sequence: 0.06,
    _refuse_resends: 0.1,
    _forget: 0.8,
    _break_lines: 0.5,
    _half_open: 0.15,
    _network_away: 0.15,
    _network_back: 3,
    _crash: 0.3,
    _crash_while_listening: 0.5,
    _crash_in_sending: 0.6,
    _break_in_sending: 0.6,
    _power_cut: 0.1,
    _repair: 2,
    _sick_disk: 0.6,
    _sick_while_booking: 0.8,
    _sick_while_sending: 0.6,
    _jump: 0.1,
    _odd_venue: 0.5,
}
_WHEN: dict[Act, Callable[[History], bool]] = {
    _book: lambda history: history.process is not None and bool(history.process.arrivals),
    _to_venue: lambda history: any(line.to_venue for line in history.network.lines.values()),
    _to_engine: lambda history: any(line.to_engine for line in history.network.lines.values()),
    _lift: lambda history: history.desk.has_halted,
    _network_back: lambda history: not history.network.is_reachable,
}
_ALWAYS = frozenset(
    {
        _start,
        _send,
        _go_on,
        _book,
        _look,
        _connect,
        _tick,
        _to_venue,
        _to_engine,
        _place,
        _lift,
        _trade,
        _execute,
        _network_back,
    }
)
_MOODS = (0, 0.3, 1, 4)
_WITH_SERVICE = [act for act in _WEIGHTS if act not in (_start, _repair)]
_WITHOUT_SERVICE = [
    _start,
    _repair,
    _tick,
    _to_venue,
    _network_back,
    _trade,
    _execute,
    _bust,
    _crash_of_venue,
    _odd_venue,
]
