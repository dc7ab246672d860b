"""The codes of the wire that the venues use: FIX 4.4's, with 5.0 SP2's where 4.4 has none."""

from enum import IntEnum, StrEnum


class Side(StrEnum):
    """Side (54)."""

    BUY = "1"
    SELL = "2"
    SELL_SHORT = "5"
    SELL_SHORT_EXEMPT = "6"

    @property
    def buys(self) -> bool:
        """Every other side sells."""
        return self is Side.BUY


class OrdType(StrEnum):
    """OrdType (40)."""

    MARKET = "1"
    LIMIT = "2"
    STOP = "3"
    STOP_LIMIT = "4"
    MARKET_ON_CLOSE = "5"  # Of FIX 4.2; later Market with TimeInForce At the Close.
    LIMIT_ON_CLOSE = "B"
    PEGGED = "P"


class TimeInForce(StrEnum):
    """TimeInForce (59)."""

    DAY = "0"
    GTC = "1"
    OPG = "2"
    IOC = "3"
    FOK = "4"
    GTD = "6"
    CLS = "7"


class ExecType(StrEnum):
    """ExecType (150)."""

    NEW = "0"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    RESTATED = "D"
    PENDING_REPLACE = "E"
    TRADE = "F"
    TRADE_CORRECT = "G"
    TRADE_CANCEL = "H"
    ORDER_STATUS = "I"
    TRIGGERED = "L"


class OrdStatus(StrEnum):
    """OrdStatus (39)."""

    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    PENDING_REPLACE = "E"


class OrdRejReason(IntEnum):
    """OrdRejReason (103)."""

    VENUE_OPTION = 0
    UNKNOWN_SYMBOL = 1
    VENUE_CLOSED = 2
    EXCEEDS_LIMIT = 3
    TOO_LATE = 4
    UNKNOWN_ORDER = 5
    DUPLICATE_ORDER = 6
    DUPLICATE_OF_VERBAL = 7
    STALE = 8
    UNSUPPORTED = 11
    INCORRECT_QUANTITY = 13
    UNKNOWN_ACCOUNT = 15
    OTHER = 99


class CxlRejReason(IntEnum):
    """CxlRejReason (102)."""

    TOO_LATE = 0
    UNKNOWN_ORDER = 1
    VENUE_OPTION = 2
    ALREADY_PENDING = 3
    DUPLICATE_CL_ORD_ID = 6
    OTHER = 99


class ResponseTo(StrEnum):
    """CxlRejResponseTo (434)."""

    CANCEL = "1"
    REPLACE = "2"


class RestatementReason(IntEnum):
    """ExecRestatementReason (378)."""

    GT_CORPORATE_ACTION = 0
    GT_RENEWAL = 1
    VERBAL_CHANGE = 2
    REPRICING = 3
    BROKER_OPTION = 4
    PARTIAL_DECLINE = 5
    CANCEL_ON_HALT = 6
    CANCEL_ON_SYSTEM_FAILURE = 7
    MARKET_OPTION = 8
    NOT_ON_BOOK = 9
    OTHER = 99
