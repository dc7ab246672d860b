"""The people and the OMS of a history: they place, change and take back orders, and settle doubts.

Every wish goes the real way: admission, limits on the wire, intent, outbox and audit in one
transaction; cancels, replaces, halts and settlements by the functions of `oms`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from domain.orders import Order, OrderIntent, OrdStatus, Settlement, Side
from domain.ports import UnitOfWork, Vault
from domain.runs import Kill
from oms import settlement, wire_risk
from oms.admission import admit
from oms.cancel import ChangeRefusedError, cancel, change
from oms.entering import enter
from oms.generations import next_name
from oms.halt import Setting, halt
from oms.wire_risk import RiskLimits
from tests.oms_orders.desk import AAPL, KO, PRICES, intent, lot, snapshot
from tests.simulation.clock import SimClock

ACCOUNTS = ("A1", "A2", "A3")
BOOK = snapshot(
    tuple(lot(account, AAPL, 5_000, "450000") for account in ACCOUNTS),
    dict.fromkeys(ACCOUNTS, "5000000"),
)
LIMITS = RiskLimits(
    maximum_quantity=Decimal(2_000),
    maximum_notional=Decimal(400_000),
    price_collar=Decimal("0.5"),
    stale_days=4,
    duplicate_window=timedelta(seconds=1),
    orders_per_minute=30,
    messages_per_minute=1_000_000,
    daily_firm=Decimal(3_000_000),
    daily_strategy=Decimal(3_000_000),
    daily_account=Decimal(1_500_000),
)
_SIZES = (10, 30, 60, 100)
_MANY = 4_000  # More than an order may have.


class Desk:
    """Wishes, drawn at random. `count` numbers the orders of the history, over all processes."""

    def __init__(self, random: Random, clock: SimClock) -> None:
        self._random = random
        self._clock = clock
        self.count = 0
        self.has_halted = False  # A kill switch may be set.

    def place(self, vault: Vault) -> str:
        """An order of one to three accounts, if limits and kill switches allow it."""
        self.count += 1
        wanted = self._draw(f"S{self.count:04d}")
        with vault.write() as uow:
            self._commit(uow, (wanted,))
        return wanted.cl_ord_id

    def _draw(self, name: str) -> OrderIntent:
        random = self._random
        security = random.choice((AAPL, KO))
        side = Side.SELL if security == AAPL and random.random() < 0.4 else Side.BUY
        parts = {
            account: random.choice(_SIZES)
            for account in random.sample(ACCOUNTS, random.randint(1, 3))
        }
        if random.random() < 0.03:
            parts = {ACCOUNTS[0]: _MANY}
        away = Decimal(random.choice(("0", "0.01", "0.50", "2")))
        limit = PRICES[security] + (away if side is Side.BUY else -away)
        return replace(
            intent(name, side, security, parts, limit=str(limit)),
            venue="XSIM",
            decided_at=self._clock.now(),
        )

    def _commit(self, uow: UnitOfWork, wanted: tuple[OrderIntent, ...]) -> None:
        admission = admit(wanted, uow.kills.active(), uow.snapshots.bars(self._clock.now()))
        facts = wire_risk.price_facts(BOOK)
        enter(uow, admission.intents, LIMITS, facts, self._clock.now())

    def cancel(self, vault: Vault) -> str:
        with vault.write() as uow:
            order = self._one(uow.orders.open())
            if order is None:
                return "nothing open"
            cancel(uow, order, at=self._clock.now(), why="a wish")
        return order.intent.cl_ord_id

    def replace(self, vault: Vault) -> str:
        with vault.write() as uow:
            order = self._one(uow.orders.open())
            if order is None:
                return "nothing open"
            quantity = max(Decimal(1), order.order_qty + self._random.choice((-20, -5, 10, 50)))
            try:
                change(
                    uow,
                    order,
                    quantity=quantity,
                    limit_price=order.limit_price,
                    at=self._clock.now(),
                    why="a wish",
                    collar=Decimal("0.5"),
                )
            except ChangeRefusedError as error:
                return error.why
        return f"{order.intent.cl_ord_id} to {quantity}"

    def send_again(self, vault: Vault) -> str:
        """What died unsent by accident goes out under another ClOrdID."""
        with vault.write() as uow:
            dead = [
                order
                for order in uow.orders.recent(100)
                if order.accidental
                and order.status is OrdStatus.UNSENT
                and uow.orders.get(next_name(order.intent.cl_ord_id)) is None
            ]
            again = tuple(
                replace(
                    order.intent,
                    cl_ord_id=next_name(order.intent.cl_ord_id),
                    decided_at=self._clock.now(),
                )
                for order in dead
            )
            self._commit(uow, again)
        return " ".join(one.cl_ord_id for one in again)

    def kill(self, vault: Vault, setting: Setting, wake: Callable[[], None]) -> str:
        random = self._random
        scope, name = random.choice((("firm", ""), ("venue", "XSIM"), ("account", "A1")))
        switch = Kill(scope=scope, name=name, by="ann", why="drill", set_at=self._clock.now())
        self.has_halted = True
        return " ".join((scope, name, *halt(vault, switch, wake=wake, setting=setting)))

    def lift(self, vault: Vault) -> None:
        with vault.write() as uow:
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

    def _one(self, orders: tuple[Order, ...]) -> Order | None:
        return self._random.choice(orders) if orders else None
