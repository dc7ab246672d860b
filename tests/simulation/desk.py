"""The people and the OMS of a history: they place, change and take back orders, and settle doubts.

Every wish goes the real way: admission, limits on the wire, intent, outbox and audit in one
transaction; cancels, replaces, halts and settlements by the functions of `oms`.
"""

from dataclasses import replace
from decimal import Decimal
from random import Random

from domain.day_roll import DayRoll
from domain.orders import Order, OrderIntent, OrdStatus, Settlement
from domain.ports import UnitOfWork, Vault
from domain.runs import Kill
from gateway.settings import GatewaySettings
from oms import allocation_doubts, settlement
from oms.admission import admit
from oms.cancel import ChangeRefusedError, cancel
from oms.entering import enter
from oms.generations import next_name
from oms.halt import halt
from oms.lists import cancel_lists
from oms.replacing import Terms, replace_order
from tests.simulation.clock import SimClock
from tests.simulation.process import Process
from tests.simulation.wanted import FACTS, LIMITS, draw

_MOVES = tuple(Decimal(cents) for cents in ("-0.50", "-0.01", "0", "0", "0.01", "0.50"))


class Desk:
    """Wishes, drawn at random. `count` numbers the orders of the history, over all processes."""

    def __init__(self, random: Random, clock: SimClock, settings: GatewaySettings) -> None:
        self._random = random
        self._clock = clock
        self._ways = settings.ways
        self._venues = [profile.venue for profile in settings.profiles]
        roll = settings.profiles[0].day_roll
        assert roll is not None
        self.roll: DayRoll = roll
        self.count = 0
        self.has_halted = False  # A kill switch may be set.

    def place(self, process: Process) -> str:
        """One wave: up to four orders of a commit, those that limits and kill switches allow."""
        random = self._random
        wanted = [self._draw() for _ in range(random.choice((1, 1, 2, 4)))]
        with process.vault.write() as uow:
            self._commit(uow, wanted)
        return " ".join(one.cl_ord_id for one in wanted)

    def _draw(self) -> OrderIntent:
        self.count += 1
        name = f"S{self.count:04d}"
        return draw(name, self._venues, self._random, self.roll, self._clock.now())

    def _commit(self, uow: UnitOfWork, wanted: list[OrderIntent]) -> None:
        now = self._clock.now()
        admission = admit(tuple(wanted), uow.kills.active(), uow.snapshots.bars(now))
        enter(uow, admission.intents, LIMITS, FACTS, now, ways=self._ways)

    def cancel(self, process: Process) -> str:
        with process.vault.write() as uow:
            order = self._one(uow.orders.open())
            if order is None:
                return "nothing open"
            cancel(uow, order, at=self._clock.now(), why="a wish")
        return order.intent.cl_ord_id

    def cancel_list(self, process: Process) -> str:
        """All that is open of one list, by one message where that may be."""
        with process.vault.write() as uow:
            is_open = uow.orders.open()
            order = self._one(tuple(one for one in is_open if one.intent.list_id))
            if order is None:
                return "no list is open"
            listed = order.intent.list_id
            names = [one.intent.cl_ord_id for one in is_open if one.intent.list_id == listed]
            now, why = self._clock.now(), "a wish"
            for name in cancel_lists(uow, names, at=now, why=why, by="ann"):
                one = uow.orders.get(name)
                assert one is not None
                cancel(uow, one, at=now, why=why, by="ann")
        return " ".join(names)

    def replace(self, process: Process) -> str:
        """Up or down, in quantity, limit or stop."""
        try:
            with process.vault.write() as uow:
                order = self._one(uow.orders.open())
                if order is None:
                    return "nothing open"
                terms = self._moved(order)
                replace_order(uow, order, terms, limits=LIMITS, at=self._clock.now(), why="a wish")
        except ChangeRefusedError as error:
            return error.why
        return f"{order.intent.cl_ord_id} to {terms.quantity} at {terms.limit_price}"

    def _moved(self, order: Order) -> Terms:
        limit, stop = order.limit_price, order.stop_price
        return Terms(
            quantity=max(Decimal(1), order.order_qty + self._random.choice((-20, -5, 0, 10, 50))),
            limit_price=limit and limit + self._random.choice(_MOVES),
            stop_price=stop and stop + self._random.choice(_MOVES),
        )

    def send_again(self, process: Process) -> str:
        """What died unsent by accident goes out under another ClOrdID."""
        now = self._clock.now()
        with process.vault.write() as uow:
            dead = [
                order
                for order in uow.orders.recent(100)
                if order.accidental
                and order.status is OrdStatus.UNSENT
                and uow.orders.get(next_name(order.intent.cl_ord_id)) is None
            ]
            day = self.roll.day_of(now)
            again = [
                replace(
                    order.intent,
                    cl_ord_id=next_name(order.intent.cl_ord_id),
                    trade_date=day,
                    decided_at=now,
                    arrived_at=now,
                    list_id=None,
                    expires=order.intent.expires and day,
                )
                for order in dead
            ]
            self._commit(uow, again)
        return " ".join(one.cl_ord_id for one in again)

    def kill(self, process: Process) -> str:
        """A switch of any reach; what it covers is taken back."""
        scope, name = self._random.choice(
            (
                ("firm", ""),
                ("venue", self._random.choice(self._venues)),
                ("account", "A1"),
                ("strategy", "growth"),
            )
        )
        switch = Kill(scope=scope, name=name, by="ann", why="drill", set_at=self._clock.now())
        self.has_halted = True
        halted = halt(process.vault, switch, wake=process.wake, setting=process.setting)
        return " ".join((scope, name, *halted))

    def lift(self, process: Process) -> None:
        with process.vault.write() as uow:
            for switch in uow.kills.active():
                uow.kills.lift(switch.scope, switch.name, "ben", self._clock.now())
        self.has_halted = False

    def settle(self, vault: Vault, name: str, what: Settlement) -> None:
        """Two persons end a doubt by telephone."""
        now = self._clock.now()
        with vault.write() as uow:
            order = uow.orders.get(name)
            assert order is not None
            settlement.propose(uow, order, what=what, why="by telephone", by="ann", at=now)
        with vault.write() as uow:
            order = uow.orders.get(name)
            assert order is not None
            settlement.second(uow, order, by="ben", at=now)

    def settle_allocation(self, vault: Vault, alloc_id: str, what: Settlement) -> None:
        """Two persons end a doubt about an allocation by telephone."""
        now, why = self._clock.now(), "by telephone"
        with vault.write() as uow:
            allocation_doubts.propose(uow, alloc_id, what=what, why=why, by="ann", at=now)
        with vault.write() as uow:
            allocation_doubts.second(uow, alloc_id, by="ben", at=now)

    def _one(self, orders: tuple[Order, ...]) -> Order | None:
        return self._random.choice(orders) if orders else None
