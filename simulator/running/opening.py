"""Opening: one process per state directory, and everything in it as it was."""

import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from simulator.fix.session import Session
from simulator.running.building import build_house, settings_of
from simulator.running.clock import Clock, clock_from
from simulator.running.config import Config
from simulator.running.house import House
from simulator.running.journal import JournalError
from simulator.running.memory import Memory
from simulator.running.recovery import recover
from simulator.running.wire import SessionWire


class StateInUseError(Exception):
    """Another process keeps these venues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the program begins with."""

    memory: Memory
    house: House
    sessions: Mapping[tuple[str, str], Session]  # By venue and client.
    clock: Clock
    settings: str  # Fingerprint of what the house is made from.
    records: int  # Played from the journal.
    is_new: bool  # Nothing has happened in this house yet.
    begins: bool  # And no journal leads to it: it wants a checkpoint.


def lock(directory: Path, opened: ExitStack) -> None:
    """Hold the state directory until `opened` is closed. Raises StateInUseError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    opened.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StateInUseError(
            f"{directory}: another venue process uses this directory; stop it first"
        ) from None


def remember(config: Config, opened: ExitStack) -> Remembered:
    """Memory, house, sessions and clock as they were. Raises JournalError, ConfigError, ..."""
    profiles = {
        (venue.name, one.client): one.profile(venue.name)
        for venue in config.venues
        for one in venue.sessions
    }
    names = {key: "/".join(key) for key in profiles}
    venues = [venue.name for venue in config.venues]
    _refuse_old_state(config.state_dir, venues)
    memory = Memory(config.state_dir, names.values(), venues, durable=config.durable)
    opened.callback(memory.close)
    settings = settings_of(config)
    recovered = recover(
        config.state_dir / "checkpoints",
        memory,
        SessionWire({names[key]: profile.version for key, profile in profiles.items()}),
        settings=settings,
        build=lambda: build_house(config),
    )
    clock = config.clock
    return Remembered(
        memory=memory,
        house=recovered.house,
        sessions={
            key: Session(profile, memory.sessions[names[key]]) for key, profile in profiles.items()
        },
        clock=clock_from(clock.start, clock.speed, stepped=clock.stepped, latest=recovered.latest),
        settings=settings,
        records=recovered.records,
        is_new=recovered.latest is None or recovered.begins,
        begins=recovered.begins,
    )


def _refuse_old_state(directory: Path, venues: Sequence[str]) -> None:
    """Its sequence numbers would begin again at 1, and clients would be turned away."""
    for venue in venues:
        old = directory / venue / "journal.jsonl"
        if old.exists():
            raise JournalError(
                f"{old}: this state is of an earlier program; move {directory} away and start anew "
                "(clients then reset their sequence numbers)"
            )
