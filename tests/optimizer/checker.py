"""An independent judge of proposals: reads the snapshot in exact numbers, never the optimizer."""

from collections import defaultdict
from decimal import Decimal

from domain.orders import Side
from domain.proposals import AccountProposal, Outcome
from domain.snapshot import Snapshot

TINY = Decimal("1e-9")


def faults_of(snapshot: Snapshot, proposal: AccountProposal) -> list[str]:
    """Every rule of the mandate that the trades of the proposal break, in words."""
    if proposal.outcome is not Outcome.TRADE:
        return ["trades without TRADE"] if proposal.trades else []
    account = next(a for a in snapshot.accounts if a.account_id == proposal.account_id)
    mandate = next(m for m in snapshot.mandates if m.mandate_id == account.mandate_id)
    model = next(m for m in snapshot.models if m.model_id == account.model_id)
    price = {p.security_id: p.close for p in snapshot.prices}
    spread = {s.security_id: s.half_spread for s in snapshot.securities}
    lots = {lot.lot_id: lot for lot in snapshot.lots if lot.account_id == account.account_id}
    cash = sum(c.amount for c in snapshot.cash if c.account_id == account.account_id)
    due = sum(max(-f.amount, 0) for f in snapshot.flows if f.account_id == account.account_id)
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for lot in lots.values():
        held[lot.security_id] += lot.quantity
    nav = cash + sum(shares * price[name] for name, shares in held.items())
    after, paid, crossing, traded, faults = dict(held), Decimal(0), Decimal(0), Decimal(0), []

    for trade in proposal.trades:
        name, shares = trade.security_id, trade.quantity
        sign = 1 if trade.side is Side.BUY else -1
        notional = shares * price[name]
        after[name] = after.get(name, Decimal(0)) + sign * shares
        paid += sign * notional
        crossing += notional * spread[name]
        traded += notional
        faults += _trade_faults(snapshot, mandate, trade, lots, notional)
        weight = after[name] * price[name] / nav
        if sign > 0 and weight > mandate.name_maximum + TINY:
            faults.append(f"{name} at {weight}")
    faults += [f"{name} oversold" for name, shares in after.items() if shares < 0]

    left = (cash - paid - due) / nav
    if left - crossing / nav < mandate.cash.minimum - TINY or left > mandate.cash.maximum + TINY:
        faults.append(f"cash at {left}")
    if proposal.cash_after != cash - paid:
        faults.append("cash_after is not the cash")
    if traded / nav > mandate.turnover_maximum + TINY:
        faults.append(f"turnover {traded / nav}")
    staying = max(1 - due / nav, Decimal(0))
    weights = {name: shares * price[name] / nav for name, shares in after.items()}
    wanted = {name: weight * staying for name, weight in model.weights.items()}
    return faults + _sector_faults(snapshot, mandate, weights, wanted)


def _sector_faults(snapshot, mandate, weights, wanted) -> list[str]:
    sector = {s.security_id: s.sector for s in snapshot.securities}
    faults = []
    for name in set(sector.values()):
        weight = sum(w for i, w in weights.items() if sector[i] == name)
        target = sum(w for i, w in wanted.items() if sector[i] == name)
        if abs(weight - target) > mandate.sector_band + TINY:
            faults.append(f"{name} at {weight}, model {target}")
        limit = mandate.sector_limits.get(name)
        if limit and not limit.minimum - TINY <= weight <= limit.maximum + TINY:
            faults.append(f"{name} at {weight}, limit {limit}")
    return faults


def _trade_faults(snapshot, mandate, trade, lots, notional) -> list[str]:
    name, buying = trade.security_id, trade.side is Side.BUY
    faults = []
    if trade.quantity != int(trade.quantity) or trade.quantity <= 0:
        faults.append(f"{name}: {trade.quantity} is not whole shares")
    if notional < mandate.minimum_trade:
        faults.append(f"{name}: {notional} is below the minimum")
    if name in (mandate.do_not_buy if buying else mandate.do_not_sell):
        faults.append(f"{name}: the client said no")
    if any(r.security_id == name for r in snapshot.restrictions):
        faults.append(f"{name}: restricted")
    if not buying:
        named = [lots[lot_id] for lot_id in trade.lot_ids]
        if any(lot.security_id != name for lot in named):
            faults.append(f"{name}: lots of another name")
        if sum(lot.quantity for lot in named) < trade.quantity:
            faults.append(f"{name}: the lots do not hold {trade.quantity}")
    if sum(term.basis_points for term in trade.terms) != 0:
        faults.append(f"{name}: terms do not add up")
    return faults
