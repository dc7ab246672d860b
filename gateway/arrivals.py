"""What the engine tells us, as values: the one thing that passes from its thread to ours."""

from dataclasses import dataclass
from enum import StrEnum

NEW_DAY = "a new day of the session began"  # Note of a RESET that both sides foresaw.


class ArrivalKind(StrEnum):
    """What arrived, or what the engine did."""

    APPLICATION = "application"  # A message to book.
    ADMIN = "admin"  # A session message: only its number counts.
    GAP_FILL = "gap_fill"  # Nothing of `sequence` up to `until` (exclusive) was for us.
    RESET = "reset"  # The venue counts anew: the next message is `until`.
    UNREADABLE = "unreadable"  # The engine refused the venue's message.
    REFUSED = "refused"  # The venue refused a message of ours (35=3); `order` is its ClOrdID.
    NOT_RESENT = "not_resent"  # The venue asked for `order` again and got a gap fill instead.
    RECEIVED = "received"  # By the number that it expects next the venue has the replaces `order`.


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One inbound message, or one act of the engine that must become durable."""

    kind: ArrivalKind
    session: str
    sequence: int = 0  # 0 where the arrival has no inbound number.
    until: int = 0
    raw: str = ""
    order: str = ""  # A ClOrdID, those of a list with blanks between them, or an AllocID.
    note: str = ""
