"""Venue terms: orders that their venue does not take are stopped before they are committed."""

from collections.abc import Iterable

from domain.orders import OrderIntent
from domain.ports import Wire
from oms.admission import Admission, Stopped


def take_out_unsupported(intents: Iterable[OrderIntent], wire: Wire) -> Admission:
    """What the wire has words for; the rest is stopped, with the reason."""
    going: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in intents:
        why = wire.unsupported(intent)
        if why is None:
            going.append(intent)
        else:
            stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=None, why=why))
    return Admission(intents=tuple(going), stopped=tuple(stopped))
