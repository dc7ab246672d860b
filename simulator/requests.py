"""What a client asks of a venue. Numbers are still the text of the wire: not checked yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """NewOrderSingle (35=D)."""

    client: str
    cl_ord_id: str
    symbol: str
    security_id: str = ""
    side: str
    quantity: str
    ord_type: str
    price: str = ""
    time_in_force: str = "0"
    account: str = ""
    link_id: str = ""  # ClOrdLinkID (583).
    secondary_id: str = ""  # SecondaryClOrdID (526).
    poss_resend: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """OrderCancelRequest (35=F)."""

    client: str
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: str
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceOrder:
    """OrderCancelReplaceRequest (35=G)."""

    client: str
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: str
    quantity: str
    ord_type: str
    price: str = ""
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStatus:
    """OrderStatusRequest (35=H)."""

    client: str
    cl_ord_id: str
    symbol: str
    side: str
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""


Request = NewOrder | CancelOrder | ReplaceOrder | AskStatus
