"""Seeds: each is one history, played to its end and judged."""

import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.oms_orders.desk import NOW, open_books
from tests.simulation import blocks, kinds
from tests.simulation.clock import SimClock
from tests.simulation.disk import Engines
from tests.simulation.ending import converge
from tests.simulation.history import Ground, History
from tests.simulation.play import Mood, happen
from tests.simulation.settings import full_settings
from tests.simulation.wanted import BOOK
from tests.simulation.witness import ViolationError
from vault import SqlVault, migrate

_EVENTS = (40, 160)
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed; `violation` is empty when everything held, mostly `trace` then too."""

    seed: int
    events: int
    violation: str
    trace: tuple[str, ...]


@contextmanager
def ground() -> Iterator[Ground]:
    """A place to play on, for any number of histories one after the other."""
    parent = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as name:
        directory = Path(name)
        (directory / "template").mkdir()
        template = directory / "template" / "trimtab.db"
        url = f"sqlite:///{template}"
        migrate.upgrade(url)
        vault = SqlVault(
            url, clock=SimClock(), holder="template", anchor_path=template.parent / "anchor"
        )
        open_books(vault, BOOK)
        with vault.write() as uow:
            uow.audit.append(at=NOW, actor="oms", kind="book_opened", subject="book", body={})
        vault.close()
        (directory / "life").mkdir()
        settings = full_settings(directory / "life")
        engines = Engines()
        with engines.stand_in():
            yield Ground(directory=directory, template=template, settings=settings, engines=engines)


def play(seed: int, on: Ground, *, tell: bool = False) -> Outcome:
    """The whole history of one seed; `tell` it even when everything held."""
    history = History(seed, on)
    events = 0
    violation = ""
    try:
        wanted = history.random.randint(*_EVENTS)
        mood = Mood(history.random)
        history.guarded(history.open)
        for events in range(1, wanted + 1):  # noqa: B007 - told at the end, however it ends
            happen(history, mood)
        converge(history)
        blocks.converge(history)
        kinds.compare(history)
    except ViolationError as error:
        violation = str(error)
    except Exception as error:  # noqa: BLE001 - what nobody thought of is a violation too
        violation = f"{type(error).__name__}: {error}"
        history.note(traceback.format_exc())
    finally:
        history.close()
    trace = tuple(history.trace()) if violation or tell else ()
    return Outcome(seed=seed, events=events, violation=violation, trace=trace)
