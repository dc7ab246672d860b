"""A client's messages by tag, straight into a floor of values whose time passes by need."""

from datetime import UTC, datetime, timedelta

from simulator.values.floor import Floor
from simulator.values.messages import CancelRejected, Message, Report
from simulator.values.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder

Fields = dict[int, str]
START = datetime(2022, 11, 30, 15, tzinfo=UTC)
NAMES = {
    11: "cl_ord_id",
    41: "orig_cl_ord_id",
    55: "symbol",
    54: "side",
    38: "quantity",
    40: "ord_type",
    44: "price",
    59: "time_in_force",
    18: "exec_inst",
    99: "stop_price",
    152: "cash_quantity",
    15: "currency",
    1: "account",
    37: "order_id",
}
REQUESTS = {"D": NewOrder, "F": CancelOrder, "G": ReplaceOrder, "H": AskStatus}


class FloorWire:
    """The client's messages as values, straight into a floor whose time passes by need."""

    def __init__(self, floor: Floor, client: str = "CLIENT1") -> None:
        self.floor, self.client, self.now = floor, client, START
        self.inbox: list[Message] = []

    def send(self, fields: Fields) -> None:
        words = {NAMES[tag]: value for tag, value in fields.items() if tag in NAMES}
        kind = REQUESTS[fields[35]]
        if kind is NewOrder:
            words.setdefault("quantity", "")
            words["poss_resend"] = fields.get(97) == "Y"
        self.now += timedelta(milliseconds=1)
        self.inbox += self.floor.handle(kind(client=self.client, **words), self.now)

    def receive(self) -> Fields:
        while not self.inbox:
            due = self.floor.next_due()
            assert due is not None, f"nothing will come: {self.floor.view(('scenarios',))}"
            self.now = due
            self.inbox += self.floor.wake(due)
        return by_tag(self.inbox.pop(0))


def by_tag(message: Message) -> Fields:
    if isinstance(message, CancelRejected):
        return {
            35: "9",
            11: message.cl_ord_id,
            41: message.orig_cl_ord_id,
            37: message.order_id,
            39: message.ord_status,
            102: str(message.reason),
            58: message.text,
            434: message.response_to,
        }
    assert isinstance(message, Report)
    return {
        35: "8",
        11: message.cl_ord_id,
        41: message.orig_cl_ord_id,
        37: message.order_id,
        17: message.exec_id,
        150: message.exec_type,
        39: message.ord_status,
        38: str(message.order_qty),
        14: str(message.cum_qty),
        151: str(message.leaves_qty),
        32: "" if message.last_qty is None else str(message.last_qty),
        31: message.last_px,
        6: message.avg_px,
        19: message.exec_ref_id,
        44: message.price,
        58: message.text,
        103: "" if message.rej_reason is None else str(int(message.rej_reason)),
        378: "" if message.restatement_reason is None else str(int(message.restatement_reason)),
        **dict(message.extra),
    }
