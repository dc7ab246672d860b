"""Proposals: what an order by hand means for each of its accounts.

It stands where the optimizer's answer stands, with the same figures as far as arithmetic gives
them: a sale's lots, gain and tax by the mandate's own method, the half spread as its cost.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from domain.accounts import Account, LotMethod, Mandate, TaxStatus
from domain.exact import ZERO, plain, to_cents
from domain.instruments import Security
from domain.lots import TaxLot, Term
from domain.orders import Allocation, Side
from domain.postings import Relief
from domain.proposals import AccountProposal, Outcome, ProposedTrade
from domain.snapshot import Snapshot
from ledger.lots import relieve
from oms.by_hand.lots import without
from oms.by_hand.order import HandOrder

_PLACES = Decimal("1e-9")  # Of weights, as everywhere in the record.
_MILLIONTH = Decimal("0.000001")


def proposals(
    order: HandOrder,
    snapshot: Snapshot,
    *,
    by: str,
    why: str,
    taken: Mapping[str, Decimal] = MappingProxyType({}),
) -> tuple[AccountProposal, ...]:
    """One for each account, in the order's own sequence.

    The order has passed `oms.by_hand.refusals`: its security, price and accounts are there.
    `taken` are shares by lot that other sales have named. Tracking errors are left at zero:
    nobody waits for a risk model before the order goes out.
    """
    book = _Book(order, snapshot, taken)
    return tuple(book.proposal(part, by, why) for part in order.allocations)


class _Book:
    """What the snapshot knows of the order's security and accounts."""

    def __init__(self, order: HandOrder, snapshot: Snapshot, taken: Mapping[str, Decimal]) -> None:
        self._order, self._snapshot, self._taken = order, snapshot, taken
        self._security: Security = next(
            one for one in snapshot.securities if one.symbol == order.symbol
        )
        self._prices = {price.security_id: price.close for price in snapshot.prices}
        self._accounts = {account.account_id: account for account in snapshot.accounts}
        self._mandates = {mandate.mandate_id: mandate for mandate in snapshot.mandates}
        self._targets = {
            model.model_id: model.weights.get(self._security.security_id, ZERO)
            for model in snapshot.models
        }

    def proposal(self, part: Allocation, by: str, why: str) -> AccountProposal:
        account = self._accounts[part.account_id]
        price = self._prices[self._security.security_id]
        notional = part.quantity * price
        cash, worth, held = self._holdings(part.account_id)
        sign = 1 if self._order.side is Side.BUY else -1
        reliefs = self._reliefs(part, account, notional)
        reason = f"{by} ordered it by hand{self._lot_words(account, reliefs)}: {why}"
        cost = to_cents(notional * self._security.half_spread)
        tax = self._tax(account, reliefs)
        return AccountProposal(
            account_id=part.account_id,
            outcome=Outcome.ORDERED,
            message=reason,
            net_asset_value=to_cents(worth),
            tracking_error_before=ZERO,
            tracking_error_after=ZERO,
            turnover=_weight(notional, worth),
            expected_cost=cost,
            expected_tax=tax,
            cash_before=to_cents(cash),
            cash_after=to_cents(cash - sign * notional),
            trades=(
                ProposedTrade(
                    security_id=self._security.security_id,
                    side=self._order.side,
                    quantity=part.quantity,
                    weight_before=_weight(held * price, worth),
                    weight_after=_weight((held + sign * part.quantity) * price, worth),
                    weight_target=self._targets.get(account.model_id, ZERO),
                    expected_cost=cost,
                    expected_tax=tax,
                    lot_ids=tuple(relief.lot_id for relief in reliefs),
                    terms=(),
                    reason=reason,
                ),
            ),
        )

    def _holdings(self, account_id: str) -> tuple[Decimal, Decimal, Decimal]:
        """Cash, net assets, and shares of the security."""
        lots = [lot for lot in self._snapshot.lots if lot.account_id == account_id]
        cash = sum((c.amount for c in self._snapshot.cash if c.account_id == account_id), ZERO)
        worth = sum((lot.quantity * self._prices.get(lot.security_id, ZERO) for lot in lots), cash)
        own = (lot.quantity for lot in lots if lot.security_id == self._security.security_id)
        return cash, worth, sum(own, ZERO)

    def _reliefs(self, part: Allocation, account: Account, notional: Decimal) -> tuple[Relief, ...]:
        if self._order.side is Side.BUY:
            return ()
        mandate = self._mandates[account.mandate_id]
        return relieve(
            self._lots(part.account_id, mandate.lot_method),
            part.quantity,
            notional,
            mandate.lot_method,
            sold_on=self._snapshot.as_of,
            short_rate=mandate.short_term_rate,
            long_rate=mandate.long_term_rate,
            named=self._order.lots,
        )

    def _lots(self, account_id: str, method: LotMethod) -> list[TaxLot]:
        """Open lots of the security; of a mandate that names them, what others have not named."""
        owner = (account_id, self._security.security_id)
        own = [one for one in self._snapshot.lots if (one.account_id, one.security_id) == owner]
        if method is not LotMethod.SPECIFIC:
            return own
        return [
            replace(lot, quantity=left, basis=_part(lot.basis, left, lot.quantity))
            for lot, left in without(own, self._taken)
        ]

    def _lot_words(self, account: Account, reliefs: tuple[Relief, ...]) -> str:
        """Which lots go, where that is not the mandate's to say."""
        if self._mandates[account.mandate_id].lot_method is not LotMethod.SPECIFIC or not reliefs:
            return ""
        lots = (f"{plain(one.quantity)} of lot {one.lot_id} of {one.acquired}" for one in reliefs)
        return f" ({', '.join(lots)})"

    def _tax(self, account: Account, reliefs: tuple[Relief, ...]) -> Decimal:
        if account.tax_status is not TaxStatus.TAXABLE:
            return ZERO
        mandate = self._mandates[account.mandate_id]
        return to_cents(sum((r.gain * _rate(mandate, r.term) for r in reliefs), ZERO))


def _rate(mandate: Mandate, term: Term) -> Decimal:
    return mandate.long_term_rate if term is Term.LONG else mandate.short_term_rate


def _part(basis: Decimal, shares: Decimal, of: Decimal) -> Decimal:
    return basis if shares == of else (basis * shares / of).quantize(_MILLIONTH)


def _weight(dollars: Decimal, worth: Decimal) -> Decimal:
    if worth <= 0:
        return ZERO
    return (dollars / worth).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
