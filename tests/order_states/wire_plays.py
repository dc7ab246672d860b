"""The buy side of each scenario, as our desk plays it over the wire.

A play goes step by step: it sends what the matrix says our side sends, by the OMS where the OMS
does such a thing, and waits until the venue's messages before the next step are booked.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from domain.order_states import apply
from domain.orders import (
    Allocation,
    OrderIntent,
    ReplaceRequest,
    Sent,
    Side,
)
from domain.ports import StatusRequest
from gateway import codec
from gateway.wiretext import SOH
from oms.cancel import cancel, change
from oms.doubts import ask
from tests.gateway.desk import RealClock
from tests.oms_orders.desk import DAY, NOW, RUN
from tests.order_states.test_matrices import GUESSED_FOR_CASH, terms
from tests.order_states.wire_desk import Booked, Desk, book_split

PATIENCE_SECONDS = 60.0
SPLITS = {"H.1.b": 2}  # New shares for an old one, overnight.
COLLAR = Decimal(1)


@dataclass(slots=True)
class Play:
    """One scenario, or a variant of it, with two accounts and a security of its own."""

    id: str
    scenario: dict
    steps: Sequence[dict]
    accounts: tuple[str, str]
    side: Side
    venue: str
    desk: Desk
    names: dict[str, str] = field(default_factory=dict)  # The matrix's letters -> our ClOrdIDs.
    intents: dict[str, OrderIntent] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        return f"{self.id}.TEST"

    @property
    def books(self) -> list[str]:
        """The blocks of its orders."""
        names = [self.names[letter] for letter in self.intents]
        return [f"block:{name}" for name in names or [f"UNKNOWN:{self.key}"]]

    @property
    def key(self) -> str:
        """By what an order without a ClOrdID goes."""
        return f"{self.venue}/{self.booked[0].message.order_id}"

    @property
    def booked(self) -> list[Booked]:
        """What the venue has said so far."""
        return self.desk.booking.booked[self.symbol]

    def play(self) -> Iterator[None]:
        """Goes on at each `next`; ends when the venue has said everything."""
        heard = 0
        if not any("recv" in step for step in self.steps):
            self._telephone()
        for yesterday, step in pairwise([{}, *self.steps]):
            if step.get("day", 1) > yesterday.get("day", 1):
                self._sleep()
            if "recv" in step:
                yield from self._act(step["recv"])
            elif "sent" in step:
                heard += 1
                while len(self.booked) < heard:
                    yield

    def _sleep(self) -> None:
        """The night: before the next morning two persons book what they read of a split."""
        if self.id in SPLITS:
            book_split(self.desk, f"ID-{self.id}", SPLITS[self.id])
        number = int(self.booked[-1].message.order_id.split("-P")[1].split("-")[0])
        path = f"/venues/{self.venue}/scenario-next-day"
        status, answer = self.desk.program.ask("POST", path, {"play": number})
        assert status == 200, answer

    def _telephone(self) -> None:
        """E.1.a: the broker takes an order by telephone; no word of it is in our books."""
        side = self.side.value
        call = {"scenario": self.id, "client": "TRIMTAB", "side": side}
        status, answer = self.desk.program.ask("POST", f"/venues/{self.venue}/scenario-start", call)
        assert status == 200, answer

    def _act(self, said: dict) -> Iterator[None]:
        if said["msg"] == "NewOrderSingle":
            yield from self._order(said)
        elif said["msg"] == "OrderStatusRequest":
            self._ask(said)
        else:
            self._change(said)
        self.desk.gateway.wake()

    def _order(self, said: dict) -> Iterator[None]:
        letter = said["ClOrdID"]
        resend = said.get("PossResend") == "Y"
        if letter in self.names or resend:
            self._repeat(letter, Decimal(said["OrderQty"]), resend=resend)
            return
        made = self._intent(letter, Decimal(said.get("OrderQty", GUESSED_FOR_CASH)), said)
        with self.desk.vault.write() as uow:
            uow.orders.add(made)
            uow.outbox.queue(self.venue, made, RealClock().now())
        self.desk.gateway.wake()
        while not self._of(letter).sent:
            yield

    def _intent(self, letter: str, quantity: Decimal, said: dict) -> OrderIntent:
        first = (quantity * 3 / 5).to_integral_value()
        parts = zip(self.accounts, (first, quantity - first), strict=True)
        made = OrderIntent(
            cl_ord_id=f"{self.id}-{letter}",
            run_id=RUN,
            venue=self.venue,
            security_id=f"ID-{self.id}",
            symbol=self.symbol,
            side=self.side,
            quantity=quantity,
            reference_price=Decimal(100),
            trade_date=DAY,
            decided_at=NOW,
            allocations=tuple(Allocation(account_id=name, quantity=part) for name, part in parts),
            **terms(self.scenario, said),
        )
        self.names[letter] = made.cl_ord_id
        self.intents[letter] = made
        return made

    def _repeat(self, letter: str, quantity: Decimal, *, resend: bool) -> None:
        """What our gateway never does: another order under a used name, or one said to be old."""
        known = self.intents.get(letter) or self._intent(letter, quantity, {})
        if letter not in self.intents or self._missing(letter):
            self._add_as_sent(known)
        text = codec.encode(known, None, account="TRIMTAB", at=RealClock().now())
        text = text.replace(f"{SOH}38={known.quantity:f}", f"{SOH}38={quantity:f}")
        if resend:
            text = text.replace(f"{SOH}35=D{SOH}", f"{SOH}35=D{SOH}97=Y{SOH}")
        self.desk.send_beneath(self.venue, text)

    def _missing(self, letter: str) -> bool:
        with self.desk.vault.read() as view:
            return view.orders.get(self.names[letter]) is None

    def _add_as_sent(self, made: OrderIntent) -> None:
        """An order that we hold for sent, whatever became of it."""
        with self.desk.vault.write() as uow:
            uow.orders.add(made)
            sent = Sent(cl_ord_id=made.cl_ord_id, sent_at=RealClock().now())
            order = uow.orders.get(made.cl_ord_id)
            uow.orders.append(apply(order, sent)[0], sent, sent.sent_at)

    def _ask(self, said: dict) -> None:
        letter = said["ClOrdID"]
        if letter not in self.names:  # G.1.a: one that never reached the venue.
            self._add_as_sent(self._intent(letter, Decimal(1000), {}))
        name, at = self.names[letter], RealClock().now()
        with self.desk.vault.write() as uow:
            order = uow.orders.get(name)
            if order.current == name or order.pending:
                ask(uow, order, at)
            else:  # G.1.c: by a name that was replaced since, which we would not ask by.
                request = StatusRequest(cl_ord_id=name, requested_at=at)
                uow.outbox.queue(self.venue, request, at)

    def _change(self, said: dict) -> None:
        letter, origin = said["ClOrdID"], said["OrigClOrdID"]
        if origin not in self.names:  # B.1.f: one that never reached the venue.
            self._add_as_sent(self._intent(origin, Decimal(said["OrderQty"]), {}))
        at = RealClock().now()
        with self.desk.vault.write() as uow:
            order = uow.orders.get(self.names[origin])
            if said["msg"] == "OrderCancelRequest":
                moved = cancel(uow, order, at=at, why="the scenario")
            else:
                moved = self._replace(uow, order, said, at)
        self.names[letter] = moved.chain[-1]

    def _replace(self, uow, order, said, at):
        quantity = Decimal(said["OrderQty"])
        limit = Decimal(said["Price"]) if "Price" in said else order.limit_price
        is_ours = (
            quantity <= order.intent.quantity and self.names[said["OrigClOrdID"]] == order.current
        )
        if is_ours and not order.is_closed:
            return change(
                uow,
                order,
                quantity=quantity,
                limit_price=limit,
                at=at,
                why="the scenario",
                collar=COLLAR,
            )
        # More than was allocated, or of a replace that is pending: our OMS does not do that.
        wish = ReplaceRequest(
            cl_ord_id=f"{order.intent.cl_ord_id}.{len(order.chain)}",
            orig_cl_ord_id=self.names[said["OrigClOrdID"]],
            quantity=quantity,
            limit_price=limit,
            requested_at=at,
            why="",
        )
        moved, _ = apply(order, wish)
        uow.outbox.queue(self.venue, wish, at)
        uow.orders.append(moved, wish, at)
        return moved

    def _of(self, letter: str):
        with self.desk.vault.read() as view:
            return view.orders.get(self.names[letter])


def play_all(plays: Sequence[Play]) -> dict[str, str]:
    """All at once; by id, where those stand that did not come to their end."""
    running = {one.id: one.play() for one in plays}
    end = time.monotonic() + PATIENCE_SECONDS
    while running and time.monotonic() < end:
        for name in list(running):
            if next(running[name], "ended") == "ended":
                del running[name]
        time.sleep(0.002)
    return {one.id: f"after {len(one.booked)} messages" for one in plays if one.id in running}
