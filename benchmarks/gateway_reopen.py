"""A restart under the clock: orders are sent, the process is killed, another one takes over.

    python -m benchmarks.gateway_reopen send DIRECTORY PORT [--url URL] --orders N
    python -m benchmarks.gateway_reopen take-over DIRECTORY PORT [--url URL] [--mass-status]

`send` ends as kill -9 ends a process, when all orders are at the venue. `take-over` does what the
service does at its start, looks at database and books, asks what is in doubt, logs on, and tells
how long it took from the start of its process until the gate was open with nothing in doubt.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from benchmarks import gateway_desk
from benchmarks.gateway_load import resident_mb
from benchmarks.gateway_ours import settings_of
from console.clocks import SystemClock
from console.log import configure_logging
from domain.ports import SessionState
from gateway.service import Gateway
from oms import wire_risk
from oms.booking import Booking
from oms.doubts import raise_doubts
from oms.entering import enter
from vault import SqlVault, migrate
from vault.preflight import problems

_GROUP = 500
_LOOK_SECONDS = 0.1  # A look costs what an operator's costs, and slows what it looks at.
_PATIENCE_SECONDS = 300.0


def main() -> None:
    """One of the two."""
    options = _options()
    options.directory.mkdir(exist_ok=True)
    configure_logging(options.directory / "log.jsonl")
    if options.what == "send":
        _send(options)
    else:
        _take_over(options)


def _send(options: argparse.Namespace) -> None:
    url, anchor = _places(options)
    migrate.upgrade(url)
    clock = SystemClock()
    vault = SqlVault(url, clock=clock, holder="first", anchor_path=anchor)
    facts = wire_risk.price_facts(gateway_desk.open_books(vault, clock.now()))
    gateway = _gateway(vault, options)
    gateway.start()
    for start in range(0, options.orders, _GROUP):
        names = [f"B{n:07d}" for n in range(start, min(start + _GROUP, options.orders))]
        now = clock.now()
        with vault.write() as uow:
            wanted = gateway_desk.intents(names, now)
            going = enter(uow, wanted, gateway_desk.LIMITS, facts, now)
        assert len(going.intents) == len(names), going.stopped
        gateway.wake()
    _wait(lambda: _all_are_sent(vault, gateway, options))
    os._exit(0)


def _all_are_sent(vault: SqlVault, gateway: Gateway, options: argparse.Namespace) -> bool:
    """At the venue, and whatever it said of them is booked."""
    (state,) = gateway.sessions()
    if state.next_sender <= options.orders or state.queue_depth:
        return False
    with vault.read() as view:
        return all(order.sent for order in view.orders.open())


def _take_over(options: argparse.Namespace) -> None:
    url, anchor = _places(options)
    found = problems(url, anchor_path=anchor)
    assert not found, found
    checked = _age()
    clock = SystemClock()
    vault = SqlVault(url, clock=clock, holder="second", anchor_path=anchor)
    vault.acquire()
    with vault.write() as uow:
        doubts = raise_doubts(uow, clock.now())
    doubted = _age()
    gateway = _gateway(vault, options)
    gateway.start()
    _wait(lambda: _is_reconciled(gateway.sessions()[0]))
    seconds, processor = _age(), time.process_time()
    with vault.read() as view:
        count = len(view.orders.open_names())
    gateway.stop()
    vault.close()
    said = {
        "open_orders": count,
        "were_in_doubt": len(doubts.in_doubt),
        "seconds_to_reconciled": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "seconds_to_checked": round(checked, 2),
        "seconds_to_doubts_raised": round(doubted, 2),
        "resident_mb": resident_mb(),
    }
    sys.stdout.write(json.dumps(said) + "\n")


def _gateway(vault: SqlVault, options: argparse.Namespace) -> Gateway:
    settings = settings_of(options.directory, options.port)
    (profile,) = settings.profiles
    asking = replace(profile, mass_status=options.mass_status)
    log = structlog.get_logger("gateway")
    settings = replace(settings, profiles=(asking,))
    return Gateway(vault, Booking(), SystemClock(), settings, log)


def _is_reconciled(state: SessionState) -> bool:
    return state.logged_on and state.gate_open and state.in_doubt == 0


def _places(options: argparse.Namespace) -> tuple[str, Path]:
    directory = options.directory
    return options.url or f"sqlite:///{directory}/trimtab.db", directory / "anchor"


def _age() -> float:
    """Seconds since this process began, its imports included."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it does not come to an end")
        time.sleep(_LOOK_SECONDS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("send", "take-over"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--url", default="", help="of a database that is empty; SQLite without it")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--mass-status", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
