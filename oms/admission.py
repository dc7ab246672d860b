"""Admission: the last look before an order is committed.

Kill switches and restrictions are asked again in the same transaction as the
commit, so nothing that was switched off in between gets through.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.orders import OrderIntent
from domain.runs import Kill
from domain.snapshot import Restriction
from oms.funding import with_allocations


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """An order, or one account's part of it, that is not released, and why."""

    cl_ord_id: str
    account_id: str | None  # None: the whole order.
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What may go, and what was stopped."""

    intents: tuple[OrderIntent, ...]
    stopped: tuple[Stopped, ...]


def admit(
    intents: Iterable[OrderIntent],
    kills: Sequence[Kill],
    restrictions: Sequence[Restriction],
    trade_date: date,
) -> Admission:
    """Take out what a kill switch or a restriction forbids; an account's part leaves its block."""
    switches = {(kill.scope, kill.name): kill for kill in kills}
    restricted = {r.security_id: r for r in restrictions if r.effective_from <= trade_date}
    admitted: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in intents:
        if why := _forbidden(intent, switches, restricted):
            stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=None, why=why))
            continue
        killed = {
            part.account_id: switches["account", part.account_id]
            for part in intent.allocations
            if ("account", part.account_id) in switches
        }
        stopped.extend(
            Stopped(cl_ord_id=intent.cl_ord_id, account_id=account, why=_killed(kill))
            for account, kill in killed.items()
        )
        kept = {p.account_id: p.quantity for p in intent.allocations if p.account_id not in killed}
        if (rest := with_allocations(intent, kept)) is not None:
            admitted.append(rest)
    return Admission(intents=tuple(admitted), stopped=tuple(stopped))


def _forbidden(
    intent: OrderIntent,
    switches: Mapping[tuple[str, str], Kill],
    restricted: Mapping[str, Restriction],
) -> str | None:
    for scope in (("firm", ""), ("venue", intent.venue)):
        if scope in switches:
            return _killed(switches[scope])
    if restriction := restricted.get(intent.security_id):
        return f"{intent.symbol} is restricted: {restriction.reason}"
    return None


def _killed(kill: Kill) -> str:
    what = f"{kill.scope} {kill.name}".strip()
    return f"{what} was halted by {kill.by}: {kill.why}"
