"""Two persons with a telephone: what by rule nobody else may decide about an order in doubt.

They ask the venue's own door what became of the order, as they would by telephone, and tell
what they heard as `trimtab resolve` does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.orders import Order, Settlement
from oms import settlement
from tests.chaos.folder import Folder
from tests.chaos.reading import open_vault

_FIRST, _SECOND = "Paula Phone", "Ruth Reader"
_AT_WORK = frozenset({"new", "partially_filled", "pending_cancel", "pending_replace", "stopped"})


def settle(folder: Folder, at_venues: Sequence[Mapping[str, Any]]) -> list[str]:
    """End every doubt that there is, while no service runs; one sentence for each."""
    by_name = {name: shown for shown in at_venues for name in shown["chain"]}
    with open_vault(folder) as vault:
        with vault.read() as view:
            doubtful = [order for order in view.orders.open() if order.in_doubt]
        told = []
        for order in doubtful:
            name = order.intent.cl_ord_id
            what = _by_telephone(order, by_name.get(name))
            at = folder.now()
            with vault.write() as uow:
                why = "asked the venue by telephone"
                settlement.propose(uow, order, what=what, why=why, by=_FIRST, at=at)
            with vault.write() as uow:
                settlement.second(uow, order, by=_SECOND, at=at)
            told.append(f"{name} was {order.status.name} and in doubt ({order.reason}): {what}")
    return told


def _by_telephone(order: Order, shown: Mapping[str, Any] | None) -> Settlement:
    if shown is None:
        return Settlement.NEVER_REACHED
    return Settlement.STANDS if shown["status"] in _AT_WORK else Settlement.ENDED
