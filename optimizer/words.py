"""Numbers as a portfolio manager reads them."""

from collections.abc import Iterable
from decimal import Decimal


def percent(fraction: float | Decimal, places: int = 1) -> str:
    """0.041 is "4.1 %"."""
    shown = f"{float(fraction) * 100:.{places}f}"
    return f"{shown.removeprefix('-') if float(shown) == 0 else shown} %"


def plain(number: float | Decimal) -> str:
    """A measure's value: 7.25 is "7.25", four digits at most."""
    return f"{float(number):.4g}"


def basis_points(fraction: float) -> str:
    """0.0012 is "12.0 bp"; below one, with a second place."""
    places = 1 if abs(fraction) >= 1e-4 else 2
    return f"{fraction * 1e4:.{places}f} bp"


def dollars(amount: float | Decimal) -> str:
    """-1234.5 is "-$1,234", half to even; cents below ten dollars."""
    places = 2 if 0 < abs(float(amount)) < 10 else 0
    text = f"${abs(amount):,.{places}f}"
    return f"-{text}" if amount < 0 else text


def listed(words: Iterable[str]) -> str:
    """Words with commas, the last with "and"."""
    *head, last = tuple(words)
    return f"{', '.join(head)} and {last}" if head else last
