"""Drift: holdings outside their mandate's bands. Exact, and no opinion on what to do."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from domain.accounts import Account, Mandate, ModelPortfolio
from domain.exact import ZERO
from domain.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One holding off its target by more than its band allows."""

    account_id: str
    security_id: str
    symbol: str
    weight: Decimal  # Of NAV.
    target: Decimal
    band: str  # "absolute" or "relative"; absolute when both are exceeded.
    limit: Decimal  # The band that is exceeded, of NAV or of the target.

    @property
    def sentence(self) -> str:
        """In plain words, with the numbers."""
        return (
            f"account {self.account_id} holds {self.weight:.2%} of {self.symbol} against "
            f"{self.target:.2%}: outside its {self.band} band of {self.limit:.2%}"
        )


def drifted(snapshot: Snapshot) -> tuple[Drift, ...]:
    """Every holding outside its band, by account and security; quarantined accounts are left out.

    An account without a price for something it holds, without a model or mandate,
    or worth nothing has no weights and cannot drift: other checks speak of it.
    """
    models = {model.model_id: model for model in snapshot.models}
    mandates = {mandate.mandate_id: mandate for mandate in snapshot.mandates}
    holdings = _holdings(snapshot)
    symbols = {security.security_id: security.symbol for security in snapshot.securities}
    left_out = snapshot.quarantined()
    found: list[Drift] = []
    for account in sorted(snapshot.accounts, key=lambda account: account.account_id):
        model, mandate = models.get(account.model_id), mandates.get(account.mandate_id)
        if account.account_id in left_out or model is None or mandate is None:
            continue
        found += _drifts(account, model, mandate, holdings[account.account_id], symbols)
    return tuple(found)


def _holdings(snapshot: Snapshot) -> defaultdict[str, dict[str, Decimal] | None]:
    """Weights of NAV by account and security; None where there are none to speak of."""
    prices = {price.security_id: price.close for price in snapshot.prices}
    values: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    unpriced = set()
    for lot in snapshot.lots:
        if lot.security_id in prices:
            values[lot.account_id][lot.security_id] += lot.quantity * prices[lot.security_id]
        else:
            unpriced.add(lot.account_id)
    cash = {balance.account_id: balance.amount for balance in snapshot.cash}
    weights: defaultdict[str, dict[str, Decimal] | None] = defaultdict(lambda: None)
    for account_id in {*values, *cash} - unpriced:
        of_account = values[account_id]
        nav = sum(of_account.values(), ZERO) + cash.get(account_id, ZERO)
        if nav > 0:
            weights[account_id] = {name: value / nav for name, value in of_account.items()}
    return weights


def _drifts(
    account: Account,
    model: ModelPortfolio,
    mandate: Mandate,
    weights: dict[str, Decimal] | None,
    symbols: dict[str, str],
) -> list[Drift]:
    if weights is None:
        return []
    found = []
    for security_id in sorted({*weights, *model.weights}):
        weight = weights.get(security_id, ZERO)
        target = model.weights.get(security_id, ZERO)
        off = abs(weight - target)
        if off > mandate.drift_absolute:
            band, limit = "absolute", mandate.drift_absolute
        elif target > 0 and off > mandate.drift_relative * target:
            band, limit = "relative", mandate.drift_relative
        else:
            continue
        found.append(
            Drift(
                account_id=account.account_id,
                security_id=security_id,
                symbol=symbols.get(security_id, security_id),
                weight=weight,
                target=target,
                band=band,
                limit=limit,
            )
        )
    return found
