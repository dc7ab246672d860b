"""What goes wrong in a history."""

from tests.simulation.disk import Fault
from tests.simulation.history import History
from tests.simulation.threads import book, send

_TOLERANCE_SECONDS = 120  # Of a venue, for SendingTime (52).


def crash(history: History) -> None:
    history.die()


def crash_while_listening(history: History) -> None:
    """What has just come is counted by the engine and not booked."""
    history.deliver_to_venue(10)
    history.deliver_to_engine(10)
    history.die()


def crash_unanswered(history: History) -> None:
    """A venue has taken an order, and its answer has not come."""
    send(history)
    history.deliver_to_venue(10)
    history.die()


def crash_in_sending(history: History) -> None:
    history.arm(history.random.randint(0, 6), "crash")


def break_in_sending(history: History) -> None:
    history.arm(history.random.randint(0, 6), "drop")


def power_cut(history: History) -> None:
    if not any(venue.denials for venue in history.venues.values()):
        for venue in history.venues.values():
            venue.is_forgetful = False
        history.power_cut()


def repair(history: History) -> None:
    history.repair_numbers()


def sick_disk(history: History) -> None:
    for _ in range(history.random.choice((1, 2, 4))):
        fault = history.random.choice(list(Fault))
        history.disk.arm(history.random.randint(0, 8), fault)


def sick_while_booking(history: History) -> None:
    history.deliver_to_venue(10)
    history.deliver_to_engine(10)
    history.disk.arm(history.random.randint(0, 2), history.random.choice(list(Fault)))
    book(history)


def sick_while_sending(history: History) -> None:
    history.disk.arm(history.random.randint(0, 2), history.random.choice(list(Fault)))
    send(history)


def jump(history: History) -> None:
    """What is on its way is stale then; a session's Reject that gets lost is not said again."""
    seconds = history.random.choice((-3600, -2, 2, 3600))
    if abs(seconds) > _TOLERANCE_SECONDS:
        history.excuse("the clock jumped by an hour")
    history.clock.jump(seconds)
