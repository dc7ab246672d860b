"""The picture of the order states is what the table says."""

from domain.order_table import ALLOWED
from domain.orders import OrdStatus
from tests.order_states.state_picture import ORDER, PICTURE, moves, picture


def test_the_picture_is_up_to_date():
    assert PICTURE.read_text(encoding="utf-8") == picture(), (
        "run python -m tests.order_states.state_picture"
    )


def test_the_picture_shows_every_state_and_every_move():
    assert set(ORDER) == set(OrdStatus)
    assert sum(map(len, moves().values())) == sum(map(len, ALLOWED.values()))
