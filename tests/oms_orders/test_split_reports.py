"""What brokers report of an order that was split: its shares are those of after the split."""

from domain.orders import Side
from oms.allocated import allocated, gross_of
from tests.oms_orders.test_booking import Desk
from tests.oms_orders.test_splits import BOOK, book_split, fill, order, restate


def test_what_an_order_gave_its_accounts_is_told_in_the_shares_after_its_split(vault):
    """The first day, 20 shares at 147, was given out in old shares: 40 new ones."""
    desk = Desk(vault, order(Side.BUY), BOOK)
    desk.fill("E1", 20, "147")
    book_split(vault)
    restate(desk)
    fill(desk, "E2", 160, "74")

    with vault.read() as view:
        parts = allocated(desk.order.intent, view.ledger.of_order(desk.name))

    assert {part.account_id: part.quantity for part in parts} == {"A1": 120, "A2": 80}
    assert gross_of(Side.BUY, parts) == 20 * 147 + 160 * 74
