"""The trader of a trial: cancels and replaces what is out, and halts a part of the firm."""

import os
import random
import threading
from decimal import Decimal
from pathlib import Path

import structlog

from console.order_wishes import OrderWishes
from console.service_port import NewTerms
from domain.errors import BadInputError, ExitCode, TryAgainError
from domain.kills import Scope
from domain.orders import Order
from domain.ports import Clock
from domain.runs import Kill, RunStatus
from gateway.service import Gateway
from oms.halt import halt
from tests.chaos.book import limit, stop
from vault.store import SqlVault

log = structlog.get_logger("service")
_TRADER_SECONDS = 0.1
_HALTS, _LIFTS = 0.03, 0.2  # Of the trader's moments.


class Halts:
    """A kill switch on an account or a venue now and then, soon lifted, also by the next life."""

    def __init__(self, vault: SqlVault, clock: Clock, gateway: Gateway) -> None:
        self._vault, self._clock, self._gateway = vault, clock, gateway

    def set(self, chance: random.Random, order: Order) -> None:
        """One that stops `order`, by its account or by its venue."""
        account, venue = order.intent.allocations[0].account_id, order.intent.venue
        scope, name = chance.choice(((Scope.ACCOUNT, account), (Scope.VENUE, venue)))
        by, why, now = "Tara Trader", "odd prices", self._clock.now()
        kill = Kill(scope=scope, name=name, by=by, why=why, set_at=now)
        halt(self._vault, kill, wake=self._gateway.wake, setting=self._gateway.setting)

    def lift(self) -> None:
        """Whatever is set."""
        with self._vault.read() as view:
            active = view.kills.active()
        if active:
            with self._vault.write() as uow:
                for one in active:
                    uow.kills.lift(one.scope, one.name, "Ruth Reader", self._clock.now())


class Trader:
    """Takes back and changes orders that are out, and halts a part of the firm, at random."""

    def __init__(self, vault: SqlVault, wishes: OrderWishes, halts: Halts, end: Path) -> None:
        self._vault, self._wishes, self._halts, self._end = vault, wishes, halts, end
        self._chance = random.Random()  # The moments are the operating system's in any case.
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="trader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(_TRADER_SECONDS):
            try:
                if self._end.exists():
                    self._leave_nothing()
                else:
                    self._act()
            except BadInputError as error:
                log.info("wish_refused", detail=str(error))
            except TryAgainError as error:
                log.warning("wish_waits", detail=str(error))
            except BaseException:
                log.exception("trader_crashed")
                os._exit(ExitCode.INTERNAL)

    def _leave_nothing(self) -> None:
        """At the end: what a bust has opened again after its run was done, nobody else ends."""
        self._halts.lift()
        with self._vault.read() as view:
            running = {run.run_id for run in view.runs.with_status(RunStatus.RUNNING)}
            orders = view.orders.open()
        for one in orders:
            if one.sent and not (one.pending or one.in_doubt or one.intent.run_id in running):
                self._wishes.cancel(one.intent.cl_ord_id, "Tara Trader", "the day is over")

    def _act(self) -> None:
        if self._chance.random() < _LIFTS:
            self._halts.lift()
        with self._vault.read() as view:
            orders = [one for one in view.orders.open() if one.sent and not one.pending]
        if not orders:
            return
        order = self._chance.choice(orders)
        if self._chance.random() < _HALTS:
            self._halts.set(self._chance, order)
        elif self._chance.random() < 0.35:
            self._wishes.cancel(order.intent.cl_ord_id, "Tara Trader", "changed her mind")
        else:
            self._replace(order)

    def _replace(self, order: Order) -> None:
        intent = order.intent
        least = max(1, int(order.cum_qty) - 50)  # Now and then below what is done already.
        least = min(least, int(intent.quantity))
        price, side = intent.reference_price, intent.side
        terms = NewTerms(
            quantity=Decimal(self._chance.randint(least, int(intent.quantity))),
            limit=limit(price, side, self._chance) if order.limit_price else None,
            stop=stop(price, side, self._chance) if order.stop_price else None,
        )
        self._wishes.replace(intent.cl_ord_id, terms, "Tara Trader", "another price")
