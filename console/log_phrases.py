"""Phrases: the events of an order's life in an operator's words instead of name=value."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from console.printing import price

Fields = Mapping[str, Any]


def phrase_of(fields: Fields) -> tuple[str, frozenset[str]] | None:
    """The phrase and the fields that it has said; None for an event without one."""
    found = _PHRASES.get(str(fields.get("event")))
    if found is None:
        return None
    say, said = found
    try:
        return say(fields), said
    except (KeyError, TypeError, InvalidOperation):  # A line of another release: shown as it is.
        return None


def _released(fields: Fields) -> str:
    limit = f"limit {price(Decimal(fields['limit']))}" if "limit" in fields else "market"
    return (
        f"{fields['side']} {_number(fields['quantity'])} {fields['symbol']} {limit} "
        f"at {fields['venue']} for {_accounts(fields)}"
    )


def _allocated(fields: Fields) -> str:
    quantity, gross = Decimal(fields["quantity"]), Decimal(fields["gross"])
    return (
        f"{_number(fields['quantity'])} at {price(gross / quantity)} to {_accounts(fields)}, "
        f"{gross:,.2f} gross, {Decimal(fields['commission']):,.2f} commission"
    )


def _alarmed(fields: Fields) -> str:
    """The kind and the sentence, without the order that stands in its own column.

    A session and its venue are named by the sentence.
    """
    said = str(fields["detail"]).removeprefix(f"{fields.get('order')}: ")
    return f"{fields['kind']}: {said}"


def _accounts(fields: Fields) -> str:
    accounts = fields["accounts"]
    return f"account {accounts[0]}" if len(accounts) == 1 else f"{len(accounts)} accounts"


def _number(text: str) -> str:
    return f"{Decimal(text):,f}"


_SAID_OF_ORDERS = frozenset({"side", "quantity", "symbol", "limit", "venue", "accounts"})
_PHRASES: dict[str, tuple[Callable[[Fields], str], frozenset[str]]] = {
    "alarm_raised": (_alarmed, frozenset({"kind", "detail", "session", "venue"})),
    "order_released": (_released, _SAID_OF_ORDERS),
    "block_allocated": (_allocated, frozenset({"quantity", "gross", "commission", "accounts"})),
}
