"""The gateway's settings of a history: exchanges, a broker, copies, and what a seed makes of it."""

from dataclasses import replace
from pathlib import Path
from random import Random

from domain.allocations import AllocationMode
from gateway.session_file import write_session_config
from gateway.settings import GatewaySettings, VenueProfile, load_settings
from tests.simulation.venue import BROKER, CLIENT, COPIES, LISTED

# Far from the opening: a clock that jumps by an hour ends no trading day.
ROLL = "23:00 America/New_York"
_PATIENCE_SECONDS = 5.0
_BACK_OFFICE_SECONDS = 10.0
_WITH_A_BROKER = 0.3
_WHOLE, _IN_PIECES = 10, 2  # Orders in one NewOrderList; no history's list has more than four.


# How brokers hear of a block's accounts: most not at all.
_TOLD = (AllocationMode.NONE,) * 3 + tuple(AllocationMode)


def full_settings(directory: Path) -> GatewaySettings:
    """Every venue that there is, with its copies."""
    path = directory / "fix.cfg"
    addresses = {venue: ("127.0.0.1", 1 + number) for number, venue in enumerate(LISTED)}
    sessions = write_session_config(path, addresses, store=directory / "fix", client=CLIENT)
    with path.open("a", encoding="utf-8") as file:
        for venue in LISTED:
            file.write(
                f"\n[SESSION]\nSenderCompID={COPIES}\nTargetCompID={venue}\n"
                "SocketConnectHost=127.0.0.1\nSocketConnectPort=9\n"
            )
    tables = {
        venue: {
            "session": session,
            "drop_copy": session.replace(CLIENT, COPIES),
            "throttle": 1000,
            "day_roll": ROLL,
            **({"strategies": {}} if venue == BROKER else {}),
        }
        for venue, session in sessions.items()
    }
    return load_settings(path, tables, {})


def drawn(settings: GatewaySettings, random: Random) -> GatewaySettings:
    """One exchange or both, perhaps a broker, and how each is spoken to in this history."""
    exchanges = [one for one in settings.profiles if one.venue != BROKER]
    chosen = exchanges[: random.choice((1, 2))]
    if random.random() < _WITH_A_BROKER:
        chosen += [one for one in settings.profiles if one.venue == BROKER]
    profiles = tuple(_drawn(one, random) for one in chosen)
    return replace(
        settings,
        profiles=profiles,
        acknowledgement_seconds=_PATIENCE_SECONDS,
        allocation_seconds=_BACK_OFFICE_SECONDS,
    )


def _drawn(profile: VenueProfile, random: Random) -> VenueProfile:
    size = random.choice((0, 0, _WHOLE, _IN_PIECES))
    told = random.choice(_TOLD) if profile.venue != BROKER else AllocationMode.NONE
    return replace(
        profile,
        mass_status=random.random() < 0.5,
        copies=profile.copies if random.random() < 0.7 else None,
        dialect=replace(profile.dialect, list_orders=size, list_algos=True, allocations=told),
    )
