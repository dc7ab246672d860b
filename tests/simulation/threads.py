"""What the service's threads and the network between do in a history."""

from tests.simulation.history import History


def send(history: History) -> None:
    assert history.process is not None
    history.process.send()


def book(history: History) -> None:
    assert history.process is not None
    history.process.book(history.random.choice((1, 3, 10, 100)))


def look(history: History) -> None:
    assert history.process is not None
    history.process.look()


def connect(history: History) -> None:
    """Mostly the Logons follow at once."""
    history.connect()
    if history.random.random() < 0.8:
        history.deliver_to_venue(3)
        history.deliver_to_engine(3)


def tick(history: History) -> None:
    history.clock.advance(history.random.choice((0.1, 0.5, 0.5, 1, 2, 6, 20)))
    history.tick()


def start(history: History) -> None:
    history.start()


def to_venue(history: History) -> None:
    history.deliver_to_venue(history.random.choice((1, 2, 10)))


def to_engine(history: History) -> None:
    history.deliver_to_engine(history.random.choice((1, 2, 10)))


def break_lines(history: History) -> None:
    history.break_lines()


def half_open(history: History) -> None:
    history.half_open()


def network_away(history: History) -> None:
    history.network.is_reachable = False
    history.break_lines()


def network_back(history: History) -> None:
    history.network.is_reachable = True


def go_on(history: History) -> None:
    """A while in which everything takes its course."""
    assert history.process is not None
    history.connect()
    for _ in range(2):
        history.deliver_to_venue(10)
        history.deliver_to_engine(10)
        history.process.book(100)
        history.process.send()
    history.clock.advance(0.4)
