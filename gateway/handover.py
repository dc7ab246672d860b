"""The hand-over: a claim's messages to the engine, each once, and what came of them.

A list goes whole or not at all. A kill switch that was set after the claim and stops one of
its orders keeps all of them back: the others go out anew, in a list without that one.
"""

from collections.abc import Sequence
from functools import partial

from structlog.typing import FilteringBoundLogger

from domain.errors import TryAgainError
from domain.kills import first_that_stops
from domain.orders import OrderIntent
from domain.ports import OutboxBody
from domain.runs import Kill
from gateway.claims import Claim, ListParcel, Parcel
from gateway.last_look import LastLook
from gateway.ports import FixEngine
from gateway.questions import Questions


class Handover:
    """One claim's. `refused` the engine provably never took; `stopped` a kill switch kept back."""

    def __init__(
        self,
        session: str,
        *,
        engine: FixEngine,
        last_look: LastLook,
        questions: Questions,
        log: FilteringBoundLogger,
    ) -> None:
        self.sent = 0  # Messages.
        self.refused: list[OutboxBody] = []
        self.stopped: list[tuple[OutboxBody, Kill]] = []
        self._session = session
        self._engine = engine
        self._last_look = last_look
        self._questions = questions
        self._log = log

    def give(self, claim: Claim) -> None:
        """Everything that was claimed, in its order; what fails does not keep back the rest."""
        self._questions.expect_answers(
            (order.cl_ord_id for order in claim.orders()), claim.changes()
        )
        for parcel in claim.parcels:
            self._give_one(parcel, claim.seen)
        for one in claim.lists:
            self._give_list(one, claim.seen)

    def _give_one(self, parcel: Parcel, seen: int) -> None:
        send = partial(self._send, [parcel.body], parcel.text)
        taken = self._last_look.send(parcel.exposes, seen, send)
        if isinstance(taken, Kill):
            self.stopped.append((parcel.body, taken))
        elif not taken:
            self.refused.append(parcel.body)

    def _give_list(self, parcel: ListParcel, seen: int) -> None:
        left = self._last_look.send(parcel.orders, seen, partial(self._send_list, parcel))
        if not isinstance(left, Kill):
            self.refused += left
            return
        for order in parcel.orders:
            if first_that_stops([left], order) is None:
                self.refused.append(order)
            else:
                self.stopped.append((order, left))

    def _send_list(self, parcel: ListParcel) -> Sequence[OrderIntent]:
        """The orders that the engine did not take: of one fragment, and of all behind it."""
        for number, fragment in enumerate(parcel.fragments):
            if not self._send(fragment.orders, fragment.text):
                return [order for rest in parcel.fragments[number:] for order in rest.orders]
        return []

    def _send(self, bodies: Sequence[OutboxBody], text: str) -> bool:
        """False proves that it never left; when that is not known, its orders are in doubt."""
        try:
            taken = self._engine.send(self._session, text)
        except Exception as error:  # noqa: BLE001 - the order is in doubt; the rest still goes
            for body in bodies:
                self._log.error("send_failed", order=body.cl_ord_id, error=str(error))
                self._doubt(body, f"sending failed: {error}")
            return True
        self.sent += taken
        return taken

    def _doubt(self, body: OutboxBody, why: str) -> None:
        """At once, or when its answer is missed: the rest of the claim is not kept back for it."""
        try:
            self._questions.doubt(body.cl_ord_id, why)
        except TryAgainError as error:
            self._log.error("doubt_not_kept", order=body.cl_ord_id, error=str(error))
