"""Which log lines are wanted.

A message on the wire names an order and no account. So a filter learns as it
reads: which orders have a share for the wanted account, and by which new
ClOrdIDs the wanted order went on after a change.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.identifiers import short_id

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_ORIG_CL_ORD_ID = re.compile(r"[|\x01]41=([^|\x01]+)")

Fields = Mapping[str, Any]


class Filter:
    """What to show; None and False let everything pass."""

    def __init__(
        self,
        *,
        run: str | None = None,
        account: str | None = None,
        order: str | None = None,
        level: str | None = None,
        fix_only: bool = False,
        orders_of_account: Iterable[str] = (),
    ) -> None:
        """`run` is an id, a part of it, or the short form that ClOrdIDs begin with.

        `orders_of_account` are those that are known to have a share for `account`.
        """
        self._run, self._account, self._order = run, account, order
        self._level, self._fix_only = level, fix_only
        self._shared = set(orders_of_account)
        self._chain = {order} if order else set()

    def passes(self, fields: Fields) -> bool:
        """Whether a line is wanted; lines must be shown in the order in which they were written."""
        orders = _orders_of(fields)
        # Each looks at every line, because each learns from what it sees.
        is_of_account, is_of_order = self._is_of_account(fields, orders), self._is_of_order(orders)
        return (
            is_of_account
            and is_of_order
            and self._is_of_run(fields, orders)
            and not (self._level and _severity(fields) < LEVELS[self._level])
            and not (self._fix_only and not str(fields.get("event", "")).startswith("fix."))
        )

    def _is_of_account(self, fields: Fields, orders: set[str]) -> bool:
        if self._account is None:
            return True
        several = fields.get("accounts")
        named = self._account == fields.get("account") or (
            isinstance(several, list) and self._account in several
        )
        if named or orders & self._shared:
            self._shared |= orders
            return True
        return False

    def _is_of_order(self, orders: set[str]) -> bool:
        if self._order is None:
            return True
        if orders & self._chain:
            self._chain |= orders
            return True
        return False

    def _is_of_run(self, fields: Fields, orders: set[str]) -> bool:
        if self._run is None:
            return True
        if self._run.lower() in str(fields.get("run") or fields.get("trace_id") or ""):
            return True
        is_whole = _RUN_ID.fullmatch(self._run)
        short = short_id(UUID(self._run)) if is_whole else self._run.upper()
        return any(order.partition("-")[0] == short for order in orders)


def _orders_of(fields: Fields) -> set[str]:
    """The ClOrdIDs that a line names: its order's, and on the wire the one that it changes."""
    several = fields.get("orders")
    found = {str(order) for order in several} if isinstance(several, list) else set()
    if order := fields.get("order"):
        found.add(str(order))
    if changed := _ORIG_CL_ORD_ID.search(str(fields.get("raw") or "")):
        found.add(changed[1])
    return found


def _severity(fields: Fields) -> int:
    return LEVELS.get(str(fields.get("level")), 0)
