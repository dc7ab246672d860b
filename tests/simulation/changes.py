"""Changes at the end of a history: none waits for an answer, and none is void that was received."""

from domain.orders import CancelRequest, NeverReceived, Order
from tests.simulation.history import History
from tests.simulation.process import Process
from tests.simulation.witness import ViolationError


def unanswered(history: History, order: Order) -> list[str]:
    """Those of which nothing came; a replace may wait where an excuse is told for its venue."""
    is_excused = history.is_excused(order.intent.venue)
    wishes = (one for one in order.pending if isinstance(one, CancelRequest) or not is_excused)
    return [] if order.is_closed else [one.cl_ord_id for one in wishes]


def compare_voids(history: History, process: Process) -> None:
    """A replace that counts as never received is not among those that its venue had."""
    with process.vault.read() as view:
        for name, order in history.witness.orders.items():
            void = (one for one in view.orders.events(name) if isinstance(one, NeverReceived))
            for one in void:
                if one.cl_ord_id in history.venues[order.intent.venue].by_name():
                    raise ViolationError(
                        f"[4] {one.cl_ord_id} counts as never received, and the venue has it"
                    )
