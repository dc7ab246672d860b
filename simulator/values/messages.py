"""What a venue says. A value here has no session header: the wire adds it.

Prices are already texts of the wire (`"148.04"`): a venue knows its ticks, the wire does not.
"""

from typing import NamedTuple

NO_ORDER = "NONE"  # OrderID (37) of what the venue does not know.
NO_EXECUTION = "0"  # ExecID (17) of an answer to a status request, as FIX 4.4 wants it.

Fields = tuple[tuple[int, str], ...]


class Report(NamedTuple):
    """ExecutionReport (35=8). Empty texts and None are not sent."""

    client: str
    order_id: str
    cl_ord_id: str
    exec_id: str
    exec_type: str
    ord_status: str
    symbol: str
    side: str
    order_qty: int
    cum_qty: int
    leaves_qty: int
    avg_px: str
    trade_date: str  # YYYYMMDD.
    transact_time: str  # YYYYMMDD-HH:MM:SS.sss
    orig_cl_ord_id: str = ""
    exec_ref_id: str = ""
    security_id: str = ""
    ord_type: str = ""
    price: str = ""
    stop_price: str = ""
    time_in_force: str = ""
    last_qty: int | None = None  # None: not a trade; 0 is said.
    last_px: str = ""
    fee: str = ""  # Dollars, of this execution.
    rej_reason: int | None = None
    restatement_reason: int | None = None
    text: str = ""
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""
    extra: Fields = ()  # Anything else, in the order it goes out.


class CancelRejected(NamedTuple):
    """OrderCancelReject (35=9)."""

    client: str
    order_id: str
    cl_ord_id: str
    orig_cl_ord_id: str
    ord_status: str
    response_to: str
    transact_time: str
    reason: int | None = None
    text: str = ""
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""


class Note(NamedTuple):
    """Any other message: MsgType and body fields in the order they go out, groups included."""

    client: str
    msg_type: str
    fields: Fields


Message = Report | CancelRejected | Note
