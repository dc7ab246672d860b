"""The desk: what the parts of an exchange share. Orders, the present moment, and what is said.

Everything said is collected until `take`; messages to a stranger (an empty client) are not.
"""

from simulator.exchange.agenda import Agenda
from simulator.exchange.calendar import Calendar, Phase
from simulator.exchange.fees import Fees
from simulator.exchange.instruments import Instrument
from simulator.exchange.listing import Listing
from simulator.exchange.moment import Moment
from simulator.exchange.orders import Order
from simulator.exchange.register import Register
from simulator.exchange.rules import Rules
from simulator.matching.entries import SelfMatch
from simulator.values.messages import Fields, Message, Report
from simulator.values.requests import Allocate
from simulator.values.words import ExecType

_GOOD_TILL = ("1", "6")


class Desk:
    """One per exchange."""

    def __init__(self, rules: Rules, instruments: dict[str, Instrument]) -> None:
        self.rules = rules
        self.calendar = Calendar(rules)
        self.moment = Moment(self.calendar)
        self.agenda = Agenda()
        self.register = Register(
            closed_orders=rules.closed_orders, remembered_ids=rules.remembered_ids
        )
        goes = SelfMatch(f"cancel_{rules.self_match_cancels}")
        pressure = rules.auction_pressure
        self.listings = {
            symbol: Listing(one, goes, auction_pressure=pressure)
            for symbol, one in instruments.items()
        }
        self.fees = Fees(rules.fee_per_share)
        self.phase = Phase.CONTINUOUS
        self.instructions: dict[tuple[str, str], Allocate] = {}  # By client and AllocID.
        self._name = rules.name
        self.executions = 0
        self.trades = 0
        self.ended_blocks: list[Order] = []  # Whose accounts are to be told.
        self.ended_listed: list[Order] = []  # Whose lists are to be told.
        self._messages: list[Message] = []

    def closed(self, order: Order) -> None:
        """An order has ended: it is kept for a while, and a block's accounts may be told."""
        self.register.closed(order)
        if order.allocations and self.rules.allocation_reports:
            self.ended_blocks.append(order)
        if order.list_id:
            self.ended_listed.append(order)

    def take(self) -> list[Message]:
        """Everything said since the last call."""
        messages, self._messages = self._messages, []
        return messages

    def answer(self, message: Message) -> None:
        """Say something."""
        if message.client:
            self._messages.append(message)

    def next_exec_id(self) -> str:
        """An ExecID that was never used before."""
        self.executions += 1
        return f"{self._name}-{self.moment.date}-{self.executions:06d}"

    def say(
        self,
        order: Order,
        exec_type: ExecType,
        *,
        exec_id: str = "",
        status: str = "",
        cl_ord_id: str | None = None,
        orig_cl_ord_id: str = "",
        exec_ref_id: str = "",
        last_qty: int | None = None,
        last_px: str = "",
        fee: str = "",
        rej_reason: int | None = None,
        restatement_reason: int | None = None,
        text: str = "",
        extra: Fields = (),
    ) -> None:
        """Report on an order as it stands."""
        if not order.client:
            return
        moment, filled = self.moment, order.filled
        if order.since != moment.date and order.time_in_force in _GOOD_TILL:
            extra += self._day_quantities(order)
        self._messages.append(
            Report(
                order.client,
                order.order_id,
                order.cl_ord_id if cl_ord_id is None else cl_ord_id,
                exec_id or self.next_exec_id(),
                exec_type,
                status or order.status,
                order.symbol,
                order.side,
                order.quantity,
                filled,
                0 if order.ended is not None else order.quantity - filled,
                order.listing.instrument.mean(order.gross, filled),
                moment.date,
                moment.text,
                orig_cl_ord_id,
                exec_ref_id,
                order.security_id,
                order.ord_type,
                order.price_text,
                order.stop_text,
                order.time_in_force,
                last_qty,
                last_px,
                fee,
                rej_reason,
                restatement_reason,
                text,
                order.account,
                order.link_id,
                order.secondary_id,
                order.conditions + extra if extra else order.conditions,
            )
        )

    def _day_quantities(self, order: Order) -> Fields:
        """DayOrderQty, DayCumQty and DayAvgPx of an order of an earlier day."""
        today = order.filled - order.prior_filled
        average = order.listing.instrument.mean(order.gross - order.prior_gross, today)
        return (
            (424, str(order.quantity - order.prior_filled)),
            (425, str(today)),
            (426, average),
        )
