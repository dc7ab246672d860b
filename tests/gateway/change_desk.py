"""One acknowledged order of 300 AAPL at 190.25, T1, and a venue that a test speaks for."""

from decimal import Decimal

from gateway.arrivals import Arrival, ArrivalKind
from gateway.changes import note_resend_refused
from gateway.wiretext import message
from tests.gateway.bare import SESSION, BareCore
from tests.gateway.desk import RealClock, intent, order_of, place

ACKNOWLEDGED = {11: "T1", 150: "0", 39: "0", 38: "300", 14: "0", 151: "300"}
UNKNOWN = {11: "T1.1", 37: "NONE", 150: "I", 39: "8", 103: "5", 38: "0", 14: "0", 151: "0"}
BOTH = {55: "AAPL", 54: "1", 60: "20221130-20:45:00.000", 75: "20221130", 6: "0"}


class Desk(BareCore):
    """The gateway's core, without threads or a wire."""

    def __init__(self, directory) -> None:
        super().__init__(directory)
        self._number = 0
        place(self.vault, intent("T1"))
        self.core.outbox.step()
        self.hear(ACKNOWLEDGED)

    def hear(self, tags) -> None:
        """The venue says an ExecutionReport."""
        self._number += 1
        fields = {34: str(self._number), 37: "O1", 17: f"X{self._number}", **BOTH, **tags}
        raw = message("8", list(fields.items()))
        kind = ArrivalKind.APPLICATION
        told = Arrival(kind=kind, session=SESSION, sequence=self._number, raw=raw)
        assert self.core.inbox.take([told])

    def asked_for_again(self, name: str) -> None:
        """The venue asks for a replace again, and its gap fill is on its way."""
        with self.vault.write() as uow:
            note_resend_refused(uow, name, SESSION, RealClock().now())

    def used(self) -> Decimal:
        """Dollars of the day, as the writer counts them."""
        with self.vault.write() as uow:
            return uow.entries.used(intent("T1").trade_date).firm

    def step(self) -> list[str]:
        """What leaves by one step of the outbox."""
        before = len(self.engine.sent)
        self.core.outbox.step()
        return self.engine.sent[before:]

    @property
    def order(self):
        return order_of(self.vault, "T1")

    @property
    def pending(self) -> list[str]:
        return [wish.cl_ord_id for wish in self.order.pending]
