"""Fees: dollars for one execution, rounded to the cent, half a cent up."""

from decimal import Decimal


class Fees:
    """A price per share."""

    def __init__(self, per_share: Decimal) -> None:
        self._cents, self._parts = (per_share * 100).as_integer_ratio()

    def text(self, quantity: int) -> str:
        """The fee as a plain decimal with two places."""
        parts = self._parts
        cents = (2 * self._cents * quantity + parts) // (2 * parts)
        return f"{cents // 100}.{cents % 100:02d}"
