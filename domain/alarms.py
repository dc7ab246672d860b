"""Alarms by level: which one a person must act on, which one is worth a look, which is news.

An alarm of a kind that is not in the table is an error: better one look too many.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Level(StrEnum):
    """How urgent an alarm is, as the log has it."""

    INFO = "info"  # It was foreseen and dealt with.
    WARNING = "warning"  # It resolves itself or changes little; look when it repeats.
    ERROR = "error"  # Books, orders or money are not right until somebody acts.


_ERRORS = (
    "allocation_differs",
    "allocation_in_doubt",
    "allocation_not_reversed",
    "allocation_rejected",
    "block_out_of_balance",
    "cum_qty_disagrees",
    "drop_copy_differs",
    "drop_copy_missing",
    "drop_copy_unmatched",
    "execution_without_price",
    "executions_missing",
    "message_quarantined",
    "never_received_contradicted",
    "never_sent_contradicted",
    "not_allocated",
    "not_resent",
    "orders_of_failed_run",
    "order_split",
    "over_filled",
    "sequence_reset",
    "session_down",
    "session_flooded",
    "session_silent",
    "settlement_contradicted",
    "sold_without_lots",
    "unknown_allocation",
    "terms_disagree",
    "unknown_at_venue",
    "unknown_execution_changed",
    "unknown_order",
    "venue_contradicts_itself",
)
_WARNINGS = (
    "avg_px_disagrees",
    "canceled_unsolicited",
    "change_not_received",
    "change_unanswered",
    "duplicate_refused",
    "ended_by_day_roll",
    "execution_busted",
    "execution_corrected",
    "fill_on_closed_order",
    "gap_not_filled",
    "illegal_transition",
    "leaves_qty_disagrees",
    "list_refused",
    "message_not_sent",
    "message_odd",
    "message_withdrawn",
    "named_otherwise",
    "order_in_doubt",
    "outlived_its_day",
    "replaced_unsolicited",
    "status_disagrees",
    "trade_date_disagrees",
)
_NEWS = ("replace_amended", "request_on_closed_order", "restated", "session_began_anew")

LEVELS: Mapping[str, Level] = MappingProxyType(
    {
        **dict.fromkeys(_ERRORS, Level.ERROR),
        **dict.fromkeys(_WARNINGS, Level.WARNING),
        **dict.fromkeys(_NEWS, Level.INFO),
    }
)


def level_of(kind: str) -> Level:
    """How urgent an alarm of this kind is."""
    return LEVELS.get(kind, Level.ERROR)
