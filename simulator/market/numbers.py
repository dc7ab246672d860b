"""Numbers of a market's orders: negative, even for buys, so that a trade tells the side."""


class Numbers:
    """One sequence for everybody who trades in a symbol beside the clients."""

    def __init__(self) -> None:
        self._given = 0

    def take(self, *, buys: bool) -> int:
        self._given += 1
        return -2 * self._given - (0 if buys else 1)


def is_market(number: int) -> bool:
    """Whether an order is the market's, not a client's."""
    return number < 0


def buys(number: int) -> bool:
    """Whether an order of the market buys."""
    return number % 2 == 0
