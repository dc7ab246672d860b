"""Options in which orders are said: shares by account, prices, days and times of day."""

import argparse
from datetime import date, time
from decimal import Decimal

from console.options import day
from console.service_port import AccountPart
from domain.exact import InexactError, parse_decimal


def account_part(text: str) -> AccountPart:
    """NAME=SHARES, as an argparse type."""
    name, equals, shares = text.rpartition("=")
    quantity = _number(shares) if equals and name else None
    if quantity is None or quantity <= 0:
        raise argparse.ArgumentTypeError(f"must be NAME=SHARES, such as H001-1=600, not {text!r}")
    return AccountPart(account_id=name, quantity=quantity)


def above_zero(text: str) -> Decimal:
    """A plain decimal above zero, as an argparse type."""
    value = _number(text)
    if value is None or value <= 0:
        raise argparse.ArgumentTypeError(f"must be a plain number above zero, not {text!r}")
    return value


def offset(text: str) -> Decimal:
    """A plain decimal of either sign, as an argparse type."""
    value = _number(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"must be a plain number such as -0.02, not {text!r}")
    return value


def fraction(text: str) -> Decimal:
    """More than nothing and not more than all, as an argparse type."""
    value = _number(text)
    if value is None or not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"must be a fraction such as 0.10, not {text!r}")
    return value


def time_of_day(text: str) -> time:
    """HH:MM or HH:MM:SS, as an argparse type."""
    try:
        value = time.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is not None or value.microsecond:
        raise argparse.ArgumentTypeError(f"must be a time of day such as 14:30, not {text!r}")
    return value


def day_and_time(text: str) -> tuple[date, time | None]:
    """A day, or a day and a time of day: 2026-03-31 or 2026-03-31T15:30; an argparse type."""
    name, at, clock = text.partition("T")
    return day(name), time_of_day(clock) if at else None


def _number(text: str) -> Decimal | None:
    try:
        return parse_decimal(text)
    except InexactError:
        return None
