"""A gateway in a process of its own, so that it can be killed for real.

`python -m tests.gateway.process DIRECTORY PORT MOMENT [lists | waiting]` starts on the vault in
DIRECTORY and kills itself with SIGKILL at MOMENT, or runs until SIGTERM. With `lists` the
venue takes lists, two orders in a message; with `waiting` they wait there to be begun, and the
moment is that of the beginning.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import structlog

from gateway import engine as engine_module
from gateway.service import Gateway
from gateway.wiretext import value_of
from tests.gateway.desk import OrderSink, RealClock, open_vault, settings_for
from vault.store import SqlVault

PROFILES = {
    "": {},
    "lists": {"lists": True, "list_orders": 2},
    "waiting": {"lists": True, "list_execution": "when_told", "list_status": True},
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingSink(OrderSink):
    """Dies while a fill is applied, inside the transaction."""

    def apply(self, uow, message, at):
        alarms = super().apply(uow, message, at)
        if getattr(message, "last_qty", 0):
            die()
        return alarms


def die_at_send(*, after: bool, kind: str = "") -> None:
    """At the first message, or at the first of a kind."""
    send = engine_module.Engine.send

    def dying(self, session, text):
        if kind and value_of(text, 35) != kind:
            return send(self, session, text)
        if after:
            send(self, session, text)
        die()
        return False

    engine_module.Engine.send = dying


def die_with_a_dead_socket(kind: str) -> None:
    """The engine's store gets the first message of a kind, the socket does not."""
    send = engine_module.Engine.send

    def dying(self, session, text):
        if value_of(text, 35) != kind:
            return send(self, session, text)
        self._session(session).disconnect()
        self._callbacks.logged_on.add(session)
        assert send(self, session, text)
        die()
        return True

    engine_module.Engine.send = dying


class DyingVault:
    """Dies right after the commit of a transaction that booked an execution."""

    def __init__(self, vault: SqlVault) -> None:
        self._vault = vault

    def __getattr__(self, name):
        return getattr(self._vault, name)

    def write(self, *, takes_along=False):
        return _ThenDie(self._vault)


class _ThenDie:
    def __init__(self, vault: SqlVault) -> None:
        self._context = vault.write()
        self._booked = False

    def __enter__(self):
        uow = self._context.__enter__()
        record = uow.orders.record_execution

        def recorded(report, at):
            self._booked = True
            return record(report, at)

        uow.orders.record_execution = recorded
        return uow

    def __exit__(self, *error):
        result = self._context.__exit__(*error)
        if self._booked:
            die()
        return result


def main() -> None:
    directory, port, moment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    log = structlog.wrap_logger(structlog.PrintLogger(sys.stdout))
    vault = open_vault(directory)
    sink = DyingSink() if moment == "while_booking" else OrderSink()
    if moment == "after_booking":
        vault = DyingVault(vault)
    if moment in ("before_send", "after_send"):
        kind = "L" if "waiting" in sys.argv[4:] else ""
        die_at_send(after=moment == "after_send", kind=kind)
    if moment in ("before_replace", "after_replace"):
        die_at_send(after=moment == "after_replace", kind="G")
    if moment in ("store_only", "store_replace_only"):
        die_with_a_dead_socket("D" if moment == "store_only" else "G")
    profile = PROFILES[sys.argv[4] if len(sys.argv) > 4 else ""]
    gateway = Gateway(vault, sink, RealClock(), settings_for(directory, port, **profile), log)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    gateway.start()
    stop.wait()
    gateway.stop()
    vault.close()


if __name__ == "__main__":
    main()
