"""What people do in a history, and the OMS for them."""

from collections.abc import Callable

from domain.errors import TryAgainError
from tests.simulation.history import History
from tests.simulation.process import Process

_IN_A_HURRY = 0.6  # How likely other threads run wherever they could.


def _wish(history: History, wish: Callable[[Process], object]) -> None:
    """A database that is away refuses a wish, and whoever had it sees that."""
    process = history.process
    assert process is not None
    try:
        history.note(f"  {wish(process)}")
        process.wake()
    except TryAgainError as error:
        history.note(f"  refused: {error}")


def place(history: History) -> None:
    _wish(history, history.desk.place)


def cancel(history: History) -> None:
    _wish(history, history.desk.cancel)


def cancel_list(history: History) -> None:
    _wish(history, history.desk.cancel_list)


def replace(history: History) -> None:
    _wish(history, history.desk.replace)


def send_again(history: History) -> None:
    _wish(history, history.desk.send_again)


def kill(history: History) -> None:
    """In the middle of something."""
    place(history)
    before, history.others_likelihood = history.others_likelihood, _IN_A_HURRY
    try:
        _wish(history, history.desk.kill)
    finally:
        history.others_likelihood = before


def lift(history: History) -> None:
    _wish(history, history.desk.lift)


def stop(history: History) -> None:
    history.stop()
