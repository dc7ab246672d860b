"""What a client asks of a venue. Numbers are still the text of the wire: not checked yet.

`client` is the session's name, so a venue never has to trust a field for it.
An empty text is a field that was not there.
"""

from typing import NamedTuple


class NewOrder(NamedTuple):
    """NewOrderSingle (35=D)."""

    client: str
    cl_ord_id: str
    symbol: str
    side: str
    quantity: str
    ord_type: str
    price: str = ""
    time_in_force: str = "0"
    security_id: str = ""
    account: str = ""
    link_id: str = ""  # ClOrdLinkID (583).
    secondary_id: str = ""  # SecondaryClOrdID (526).
    stop_price: str = ""  # StopPx (99).
    max_floor: str = ""  # MaxFloor (111): shares shown of an iceberg.
    min_quantity: str = ""  # MinQty (110).
    exec_inst: str = ""  # ExecInst (18): G all or none, M mid peg, R primary peg, ...
    peg_offset: str = ""  # PegOffsetValue (211), in dollars.
    expire_time: str = ""  # ExpireTime (126).
    expire_date: str = ""  # ExpireDate (432).
    capacity: str = ""  # OrderCapacity (528).
    strategy: str = ""  # TargetStrategy (847), or the profile's own tag.
    strategy_parameters: tuple[tuple[str, str], ...] = ()  # StrategyParameterName, ...Value.
    effective_time: str = ""  # EffectiveTime (168): when a strategy may begin.
    participation: str = ""  # ParticipationRate (849).
    allocations: tuple[tuple[str, str], ...] = ()  # AllocAccount (79), AllocQty (80).
    poss_resend: bool = False
    cash_quantity: str = ""  # CashOrderQty (152): an order for an amount of money.
    currency: str = ""  # Currency (15).
    alloc_id: str = ""  # AllocID (70): of its own accounts, or of an instruction that came before.
    list_id: str = ""  # ListID (66) of the list that it came in.


class ReplaceOrder(NamedTuple):
    """OrderCancelReplaceRequest (35=G)."""

    client: str
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: str
    quantity: str
    ord_type: str
    price: str = ""
    time_in_force: str = ""
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""
    stop_price: str = ""
    max_floor: str = ""
    min_quantity: str = ""
    exec_inst: str = ""
    peg_offset: str = ""
    expire_time: str = ""
    expire_date: str = ""
    order_id: str = ""  # OrderID (37): names an order without a ClOrdID of the client's.
    poss_resend: bool = False
    allocations: tuple[tuple[str, str], ...] = ()  # AllocAccount (79), AllocQty (80).


class CancelOrder(NamedTuple):
    """OrderCancelRequest (35=F)."""

    client: str
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: str
    quantity: str = ""
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""
    order_id: str = ""
    poss_resend: bool = False


class AskStatus(NamedTuple):
    """OrderStatusRequest (35=H)."""

    client: str
    cl_ord_id: str
    symbol: str
    side: str
    account: str = ""
    order_id: str = ""
    request_id: str = ""  # OrdStatusReqID (790).
    link_id: str = ""
    secondary_id: str = ""


class AskMassStatus(NamedTuple):
    """OrderMassStatusRequest (35=AF)."""

    client: str
    request_id: str  # MassStatusReqID (584).
    kind: str  # MassStatusReqType (585): 1 a security, 7 all orders.
    symbol: str = ""
    account: str = ""


class MassCancel(NamedTuple):
    """OrderMassCancelRequest (35=q)."""

    client: str
    cl_ord_id: str
    kind: str  # MassCancelRequestType (530): 1 a security, 7 all orders.
    symbol: str = ""
    side: str = ""


class AskMarketData(NamedTuple):
    """MarketDataRequest (35=V)."""

    client: str
    request_id: str  # MDReqID (262).
    kind: str  # SubscriptionRequestType (263): 0 snapshot, 1 subscribe, 2 unsubscribe.
    depth: str  # MarketDepth (264): 0 full, 1 top.
    update: str = ""  # MDUpdateType (265): 0 full refresh (W), 1 incremental (X).
    entries: tuple[str, ...] = ()  # MDEntryType (269).
    symbols: tuple[str, ...] = ()


class AskSecurityList(NamedTuple):
    """SecurityListRequest (35=x)."""

    client: str
    request_id: str  # SecurityReqID (320).
    kind: str  # SecurityListRequestType (559): 0 a symbol, 4 all.
    symbol: str = ""


class AskSecurityStatus(NamedTuple):
    """SecurityStatusRequest (35=e)."""

    client: str
    request_id: str  # SecurityStatusReqID (324).
    kind: str  # SubscriptionRequestType (263).
    symbol: str


class AskSessionStatus(NamedTuple):
    """TradingSessionStatusRequest (35=g)."""

    client: str
    request_id: str  # TradSesReqID (335).
    kind: str  # SubscriptionRequestType (263).
    session: str = ""  # TradingSessionID (336).


class Allocate(NamedTuple):
    """AllocationInstruction (35=J)."""

    client: str
    alloc_id: str
    transaction: str  # AllocTransType (71).
    kind: str  # AllocType (626).
    symbol: str
    side: str
    quantity: str
    average_price: str
    trade_date: str
    cl_ord_ids: tuple[str, ...] = ()
    allocations: tuple[tuple[str, str], ...] = ()  # AllocAccount, AllocQty.
    reference: str = ""  # RefAllocID (72): what a Replace or a Cancel is about.


class AllocationReportAck(NamedTuple):
    """AllocationReportAck (35=AT): a client confirms the venue's AllocationReport (AS)."""

    client: str
    report_id: str
    alloc_id: str
    status: str  # AllocStatus (87).
    text: str = ""


class NewList(NamedTuple):
    """NewOrderList (35=E), or a fragment of one."""

    client: str
    list_id: str
    bidding: str  # BidType (394): 3 is no bidding.
    total: str  # TotNoOrders (68), of all fragments.
    begins: str = ""  # ListExecInstType (433): 1 at once, 2 when a ListExecute comes.
    last_fragment: str = ""  # LastFragment (893): N when more comes.
    orders: tuple[tuple[str, NewOrder], ...] = ()  # ListSeqNo (67) and order.


class ExecuteList(NamedTuple):
    """ListExecute (35=L)."""

    client: str
    list_id: str


class CancelList(NamedTuple):
    """ListCancelRequest (35=K)."""

    client: str
    list_id: str


class AskListStatus(NamedTuple):
    """ListStatusRequest (35=M)."""

    client: str
    list_id: str


class Connected(NamedTuple):
    """A session logged on. Not a message: the session layer says so."""

    client: str


class Disconnected(NamedTuple):
    """A session is gone, by logout or not."""

    client: str


Request = (
    NewOrder
    | ReplaceOrder
    | CancelOrder
    | AskStatus
    | AskMassStatus
    | MassCancel
    | AskMarketData
    | AskSecurityList
    | AskSecurityStatus
    | AskSessionStatus
    | Allocate
    | AllocationReportAck
    | NewList
    | ExecuteList
    | CancelList
    | AskListStatus
    | Connected
    | Disconnected
)
