"""Why each trade: the terms of its optimality condition, and a sentence.

Along a trade, risk, spread, impact, tax and the price of every binding constraint
balance at the optimum. A term is what one more dollar would gain by it, in basis
points; what rounding to whole shares left unbalanced is a term of its own, so that
the terms of a trade add up to exactly zero.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np

from domain.orders import Side
from domain.proposals import ProposedTrade, Term
from optimizer.costs import expected_cost
from optimizer.objective import impact_of, risk_gradients, tracking_error, wish_gradients
from optimizer.risks import volatility_gradient
from optimizer.search import Found
from optimizer.taxes import relieved, tax_of
from optimizer.ticket import Shares
from optimizer.values import AccountProblem, FloatArray, Market, RiskCap, Row
from optimizer.words import basis_points, dollars, listed, percent

CENT = Decimal("0.01")
WEIGHT = Decimal("1e-9")
BASIS_POINT_PLACES = Decimal("0.0001")
BINDING = 1e-7  # Dual per NAV above which a row is said to bind.
TELLING = 1e-4  # A row's part in a trade's balance that its sentence mentions: a basis point.


def explain(market: Market, problem: AccountProblem, found: Found) -> tuple[ProposedTrade, ...]:
    """Every trade with its costs, lots, terms and reason, by security id."""
    traded = np.flatnonzero(found.shares)
    return tuple(_trade(market, problem, found, int(name)) for name in traded)


def binding_labels(problem: AccountProblem, found: Found) -> tuple[str, ...]:
    """The client's words for the rows and caps that hold the answer back."""
    rows = [row.label for row, _ in binding_rows(problem, found)]
    caps = [cap.label for cap, _ in binding_caps(problem, found)]
    return tuple(dict.fromkeys(rows + caps))


def binding_rows(problem: AccountProblem, found: Found) -> list[tuple[Row, float]]:
    """Rows that hold the answer back, with their duals."""
    pairs = zip(problem.rows, found.solution.row_duals, strict=True)
    return [(row, float(dual)) for row, dual in pairs if dual > BINDING]


def binding_caps(problem: AccountProblem, found: Found) -> list[tuple[RiskCap, float]]:
    """Caps on risk that hold the answer back, with their duals."""
    pairs = zip(problem.caps, found.solution.cap_duals, strict=True)
    return [(cap, float(dual)) for cap, dual in pairs if dual > BINDING]


def _trade(market: Market, problem: AccountProblem, found: Found, name: int) -> ProposedTrade:
    shares = int(found.shares[name])
    quantity = Decimal(abs(shares))
    side = Side.BUY if shares > 0 else Side.SELL
    lots = found.box.lots[name]
    taken = relieved(lots, quantity) if side is Side.SELL else ()
    tax = tax_of(lots, quantity) if side is Side.SELL else Decimal(0)
    notional = np.zeros(len(market.prices))
    notional[name] = shares * float(market.prices[name])
    before = problem.w0[name]
    trade = ProposedTrade(
        security_id=market.security_ids[name],
        side=side,
        quantity=quantity,
        weight_before=weight(before),
        weight_after=weight(before + notional[name] / float(problem.nav)),
        weight_target=weight(problem.b[name]),
        expected_cost=cents(float(expected_cost(market, notional).sum())),
        expected_tax=tax.quantize(CENT),
        lot_ids=tuple(lot.lot_id for lot, _ in taken),
        terms=terms(market, problem, found, name),
        reason="",
    )
    return _with_reason(market, problem, found, name, trade)


def terms(market: Market, problem: AccountProblem, found: Found, name: int) -> tuple[Term, ...]:
    """The marginal terms of one traded name; they add up to exactly zero."""
    z = found.shares * market.price / float(problem.nav)
    way = 1.0 if z[name] > 0 else -1.0
    factor, specific = risk_gradients(market, problem, z)
    amounts = {
        "tracking_risk": -way * factor[name],
        "specific_risk": -way * specific[name],
        "spread": -market.half_spread[name],
        "impact": -2 * impact_of(market, problem)[name] * abs(z[name]),
    }
    if way < 0:
        amounts["tax"] = -_marginal(found.box.tax, found, name, -z[name])
    for wish, slopes in wish_gradients(market, problem, z).items():
        amounts[wish] = amounts.get(wish, 0.0) - way * slopes[name]
    for key, amount in _limit_terms(market, problem, found, name, z):
        amounts[key] = amounts.get(key, 0.0) + amount
    amounts["bound"] = found.solution.bound_terms[name]
    stated = [
        Term(name=key, basis_points=Decimal(f"{amount * 1e4:.4f}"))
        for key, amount in amounts.items()
    ]
    stated = [term for term in stated if term.basis_points != 0]
    left = -sum((term.basis_points for term in stated), Decimal(0))
    return (*stated, Term(name="rounding", basis_points=left.quantize(BASIS_POINT_PLACES)))


def _limit_terms(
    market: Market, problem: AccountProblem, found: Found, name: int, z: FloatArray
) -> Iterator[tuple[str, float]]:
    """What each binding row and cap takes from the trade, by its name."""
    buying = z[name] > 0
    for row, dual in binding_rows(problem, found):
        coefficient = row.buy[name] if buying else row.sell[name]
        if row.gain is not None and not buying:
            coefficient += _marginal(found.box.gains[row.gain], found, name, -z[name])
        yield row.name, -dual * float(coefficient)
    for cap, dual in binding_caps(problem, found):
        slope = volatility_gradient(market, cap.risk, problem.w0 + z)[name]
        yield cap.name, -dual * float(slope if buying else -slope)


def _marginal(per_dollar: FloatArray, found: Found, name: int, sold: float) -> float:
    """A figure per dollar (n, m), tax or gain, at the last dollar sold."""
    ends = np.cumsum(found.box.segments[name])
    at = int(np.searchsorted(ends, sold - 1e-9))
    return float(per_dollar[name, min(at, int((found.box.segments[name] > 0).sum()) - 1)])


def _with_reason(
    market: Market, problem: AccountProblem, found: Found, name: int, trade: ProposedTrade
) -> ProposedTrade:
    word = "Buy" if trade.side is Side.BUY else "Sell"
    symbol = market.symbols[name]
    against = f" against a target of {percent(trade.weight_target)}"
    wanted = against if problem.goal is None or problem.goal.of_model else ""
    moves = f"{percent(trade.weight_before)} held{wanted}, {percent(trade.weight_after)} after"
    effects = [_risk_effect(market, problem, found.shares, name)]
    effects += _needs(problem, name, trade.side)
    effects += _makes_room(problem, found, name, trade.side)
    price = f"costs {dollars(trade.expected_cost)}"
    if trade.expected_tax > 0:
        price += f" and {dollars(trade.expected_tax)} tax"
    elif trade.expected_tax < 0:
        price += f" and saves {dollars(-trade.expected_tax)} tax"
    sentence = f"{word} {trade.quantity:,} {symbol}: {moves}; {'; '.join(effects)}; {price}."
    return replace(trade, reason=sentence)


def _risk_effect(market: Market, problem: AccountProblem, shares: Shares, name: int) -> str:
    """What the tracking error would be without this one trade."""
    z = shares * market.price / float(problem.nav)
    without = z.copy()
    without[name] = 0.0
    start = problem.w0 - problem.b
    cut = tracking_error(market, start + without) - tracking_error(market, start + z)
    if abs(cut) < 1e-6:
        return "leaves the tracking error as it is"
    return f"{'cuts' if cut > 0 else 'adds'} {basis_points(abs(cut))} of tracking error"


def _needs(problem: AccountProblem, name: int, side: Side) -> list[str]:
    """Constraints that doing nothing would break and that the trade helps to meet."""
    labels = [
        row.label
        for row in problem.rows
        if row.limit < 0 and (row.buy if side is Side.BUY else row.sell)[name] < 0
    ]
    return [f"needed for {listed(labels)}"] if labels else []


def _makes_room(problem: AccountProblem, found: Found, name: int, side: Side) -> list[str]:
    """Binding constraints that the account's other trades press on and this one eases."""
    labels = [
        row.label
        for row, dual in binding_rows(problem, found)
        if row.limit >= 0 and -dual * (row.buy if side is Side.BUY else row.sell)[name] > TELLING
    ]
    return [f"makes room for other trades under {listed(labels)}"] if labels else []


def weight(number: float) -> Decimal:
    """A weight for the record."""
    return Decimal(float(number)).quantize(WEIGHT)


def cents(amount: float) -> Decimal:
    """Dollars for the record."""
    return Decimal(amount).quantize(CENT)


def active_after(market: Market, problem: AccountProblem, shares: Shares) -> FloatArray:
    """Active weights after the trades, (n,)."""
    return problem.w0 + shares * market.price / float(problem.nav) - problem.b
