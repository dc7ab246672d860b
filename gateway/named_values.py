"""Named values: what a custom tag may carry of the order that its message speaks of."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from domain.orders import OrderIntent

_NAME = re.compile(r"\{([^{}]*)\}")


def _only(values: set[str]) -> str:
    """The one value that there is; nothing where the block has several."""
    return values.pop() if len(values) == 1 else ""


NAMES: Mapping[str, Callable[[OrderIntent, str], str]] = MappingProxyType(
    {
        "account": lambda _intent, account: account,
        "client": lambda intent, _account: _only({a.account_id for a in intent.allocations}),
        "strategy": lambda intent, _account: _only({a.strategy for a in intent.allocations}),
        "run": lambda intent, _account: intent.run_id.hex,
        "order": lambda intent, _account: intent.cl_ord_id,
        "rule": lambda intent, _account: intent.routed.rule if intent.routed else "",
        "date": lambda intent, _account: f"{intent.trade_date:%Y%m%d}",
    }
)
"""By name: its value for an order, given our account at the broker; empty where there is none."""


def names_in(text: str) -> tuple[str, ...]:
    """Every {name} of a custom tag's text."""
    return tuple(_NAME.findall(text))


def filled(text: str, intent: OrderIntent | None, account: str) -> str:
    """The text with its names filled in; empty, and so left out, where one has no value.

    Of a message about no order only our account has one.
    """
    values = {"account": account} if intent is None else {}
    for name in names_in(text):
        values.setdefault(name, NAMES[name](intent, account) if intent is not None else "")
    if not all(values.values()):
        return ""
    return _NAME.sub(lambda found: values[found[1]], text)
