"""The one table of what an order may become: from our status and an ExecType to an OrdStatus.

Source: FIX 4.4 Volume 4, Order State Change Matrices, and the exchange profile of FIX 5.0 SP2
Volume 7; tests play every matrix.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.orders import CLOSED, ExecType, OrdStatus

FILLS = frozenset({ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL})

_S = OrdStatus
PENDING = frozenset({_S.PENDING_CANCEL, _S.PENDING_REPLACE})
WORKING = frozenset({_S.NEW, _S.PARTIALLY_FILLED, _S.STOPPED, _S.SUSPENDED}) | PENDING
_LIVE = WORKING | {_S.INTENDED, _S.PENDING_NEW}
_NEVER_WORKED = frozenset({_S.UNSENT, _S.REJECTED})
_ENDED = CLOSED - _NEVER_WORKED - {_S.FILLED}  # Ended by something else than the last share.
BELOW_FILLED = frozenset({_S.CANCELED, _S.EXPIRED})  # By the precedence of OrdStatus.

# One row: on this ExecType, an order in one of these states may go to one of those.
_ROWS: tuple[tuple[ExecType, frozenset[OrdStatus], frozenset[OrdStatus]], ...] = (
    (ExecType.PENDING_NEW, frozenset({_S.INTENDED}), frozenset({_S.PENDING_NEW})),
    (ExecType.NEW, frozenset({_S.INTENDED, _S.PENDING_NEW}), WORKING),
    # B.1.d: the acceptance may come after the cancel is pending.
    (ExecType.NEW, PENDING | {_S.NEW}, PENDING | {_S.NEW}),
    (ExecType.REJECTED, frozenset({_S.INTENDED, _S.PENDING_NEW, _S.NEW}), frozenset({_S.REJECTED})),
    (ExecType.TRADE, _LIVE | _NEVER_WORKED, WORKING | {_S.FILLED}),
    (ExecType.TRADE, frozenset({_S.FILLED}), frozenset({_S.FILLED})),
    # EX.I.1.b: exchanges may bundle the last fill with the end of the order.
    (ExecType.TRADE, _LIVE, frozenset({_S.CANCELED, _S.EXPIRED, _S.DONE_FOR_DAY})),
    # J.1.a, J.1.b, J.1.d: a bust reopens a filled order and nothing else.
    (ExecType.TRADE_CANCEL, _LIVE | {_S.FILLED}, WORKING | {_S.FILLED}),
    (ExecType.TRADE_CORRECT, _LIVE | {_S.FILLED}, WORKING | {_S.FILLED}),
    (ExecType.DONE_FOR_DAY, _LIVE, frozenset({_S.DONE_FOR_DAY})),
    (ExecType.CANCELED, _LIVE, frozenset({_S.CANCELED})),
    (ExecType.EXPIRED, _LIVE, frozenset({_S.EXPIRED})),
    (ExecType.CALCULATED, _LIVE | {_S.FILLED} | _ENDED, frozenset({_S.CALCULATED})),
    (ExecType.STOPPED, _LIVE, frozenset({_S.STOPPED}) | PENDING),
    (ExecType.TRIGGERED, _LIVE, WORKING),
    (ExecType.SUSPENDED, _LIVE, frozenset({_S.SUSPENDED}) | PENDING),
    # C.1.c: a filled order may be replaced up and work again.
    (ExecType.PENDING_CANCEL, _LIVE, frozenset({_S.PENDING_CANCEL})),
    (ExecType.PENDING_REPLACE, _LIVE | {_S.FILLED}, PENDING),
    (ExecType.REPLACED, _LIVE | {_S.FILLED, _S.DONE_FOR_DAY}, WORKING | {_S.FILLED}),
    # An order of a list that waits is changed before anybody has accepted it.
    (ExecType.REPLACED, PENDING | {_S.INTENDED, _S.PENDING_NEW}, frozenset({_S.PENDING_NEW})),
    # H.1.*: a GTC order that was done for the day comes back in the morning.
    (ExecType.RESTATED, _LIVE | {_S.DONE_FOR_DAY}, WORKING | {_S.FILLED, _S.CANCELED}),
    (ExecType.ORDER_STATUS, _LIVE, (WORKING | CLOSED | {_S.PENDING_NEW}) - {_S.UNSENT}),
    (ExecType.ORDER_STATUS, frozenset({_S.FILLED}), frozenset({_S.FILLED}) | PENDING),
)


def _table() -> Mapping[tuple[OrdStatus, ExecType], frozenset[OrdStatus]]:
    table: dict[tuple[OrdStatus, ExecType], frozenset[OrdStatus]] = {}
    for exec_type, before, after in _ROWS:
        for status in before:
            table[status, exec_type] = table.get((status, exec_type), frozenset()) | after
    for status in _ENDED:
        # A late fill, a bust or a correction of an ended order leaves it ended; D2 reopens on GTC.
        outranking = {_S.FILLED} if status in BELOW_FILLED else set()
        for exec_type in FILLS:
            table[status, exec_type] = frozenset({status} | outranking)
        table[status, ExecType.ORDER_STATUS] = frozenset({status})
    # Such a fill, taken back.
    table[_S.FILLED, ExecType.TRADE_CANCEL] |= BELOW_FILLED
    table[_S.FILLED, ExecType.TRADE_CORRECT] |= BELOW_FILLED
    table[_S.DONE_FOR_DAY, ExecType.TRADE] |= {_S.PARTIALLY_FILLED, _S.FILLED}
    return MappingProxyType(table)


ALLOWED = _table()
"""From (our status, ExecType) to the OrdStatus values that the report may carry."""
