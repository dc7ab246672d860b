"""The play: what happens next, drawn by weight."""

from collections.abc import Callable
from random import Random

from tests.simulation import market, misfortune, people, splits, threads
from tests.simulation.history import History

Act = Callable[[History], object]


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
    history.note(act.__name__.replace("_", " "))
    history.guarded(lambda: act(history))
    history.guarded(lambda: splits.book(history))
    history.witness.look()


_WEIGHTS: dict[Act, float] = {
    threads.start: 40,
    threads.send: 30,
    threads.book: 16,
    threads.look: 3,
    threads.connect: 12,
    threads.tick: 14,
    threads.to_venue: 24,
    threads.to_engine: 24,
    threads.go_on: 14,
    people.place: 12,
    people.cancel: 5,
    people.cancel_list: 1.5,
    people.replace: 4,
    people.send_again: 1.5,
    people.kill: 0.9,
    people.lift: 6,
    people.stop: 0.2,
    market.trade: 14,
    market.quote: 10,
    market.night: 0.8,
    market.execute: 3,
    market.bust: 1,
    market.correct: 1,
    market.cancel_unasked: 0.7,
    market.restate: 0.5,
    market.refuse_change: 1,
    market.stop_order: 0.3,
    market.telephone: 0.2,
    market.halt_trading: 0.5,
    market.repeat: 1,
    market.lose_one: 0.5,
    market.crash_of_venue: 0.4,
    market.reset_sequence: 0.06,
    market.refuse_resends: 0.1,
    market.forget: 1.2,
    threads.break_lines: 0.5,
    threads.half_open: 0.15,
    threads.network_away: 0.15,
    threads.network_back: 3,
    misfortune.crash: 0.3,
    misfortune.crash_while_listening: 0.5,
    misfortune.crash_unanswered: 0.6,
    misfortune.crash_in_sending: 0.6,
    misfortune.break_in_sending: 0.6,
    misfortune.power_cut: 0.1,
    misfortune.repair: 2,
    misfortune.sick_disk: 0.6,
    misfortune.sick_while_booking: 0.8,
    misfortune.sick_while_sending: 0.6,
    misfortune.jump: 0.1,
    market.odd_venue: 0.5,
    market.miscopy: 0.6,
    market.copy_what_never_was: 0.5,
}
# What only persons can put right is not played in other shares.
_UNEXCUSED: tuple[Act, ...] = (
    market.reset_sequence,
    market.refuse_resends,
    market.forget,
    misfortune.power_cut,
    misfortune.jump,
)
_WHEN: dict[Act, Callable[[History], bool]] = {
    threads.book: lambda history: history.process is not None and bool(history.process.arrivals),
    threads.to_venue: lambda history: any(line.to_venue for line in history.network.lines.values()),
    threads.to_engine: lambda history: any(
        line.to_engine for line in history.network.lines.values()
    ),
    people.lift: lambda history: history.desk.has_halted,
    **dict.fromkeys(_UNEXCUSED, lambda history: not history.splits),
    threads.network_back: lambda history: not history.network.is_reachable,
}
_ALWAYS = frozenset(
    {
        threads.start,
        threads.send,
        threads.go_on,
        threads.book,
        threads.look,
        threads.connect,
        threads.tick,
        threads.to_venue,
        threads.to_engine,
        people.place,
        people.lift,
        market.trade,
        market.quote,
        market.execute,
        threads.network_back,
    }
)
_MOODS = (0, 0.3, 1, 4)
_WITH_SERVICE = [act for act in _WEIGHTS if act not in (threads.start, misfortune.repair)]
_WITHOUT_SERVICE = [
    threads.start,
    misfortune.repair,
    threads.tick,
    threads.to_venue,
    threads.network_back,
    market.trade,
    market.quote,
    market.night,
    market.execute,
    market.bust,
    market.crash_of_venue,
    market.odd_venue,
    market.copy_what_never_was,
]
