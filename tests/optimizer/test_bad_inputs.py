"""Arrays that cannot be used: a sentence with account, field and value; the others go on."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from optimizer.risks import risk_around
from optimizer.values import Goal, RiskCap
from tests.optimizer.book import account, book_of


@pytest.fixture(scope="module")
def batch():
    market, problems = assemble(book_of(account("A1"), account("B2", household="H2"), seed=2))
    return market, problems, propose_batch(market, problems[1:])


def with_entry(values, at, value):
    changed = values.copy()
    changed[at] = value
    return changed


def with_lot(problem, **changes):
    (first, *rest), *others = problem.lots
    return replace(problem, lots=((replace(first, **changes), *rest), *others))


def with_row(problem, **changes):
    first, *rest = problem.rows
    return replace(problem, rows=(replace(first, **changes), *rest))


def with_goal(problem, **changes):
    nothing = np.zeros(len(problem.b))
    usual = {"alpha": nothing, "budget": nothing, "risk": risk_around(MARKET[0], problem.b)}
    return replace(problem, goal=Goal(**{**usual, **changes}))


MARKET = [assemble(book_of(account("A1"), seed=2))[0]]
PROBLEMS = [
    (lambda p: replace(p, w0=with_entry(p.w0, 3, np.nan)), "w0 of S04 is nan; it must be finite"),
    (lambda p: replace(p, b=p.b[:-1]), "b has shape (11,); it must be (12,)"),
    (lambda p: replace(p, b=p.b * 2), "b adds up to 1.9398; target weights"),
    (lambda p: replace(p, b=with_entry(p.b, 0, -0.1)), "b of S01 is -0.1; it must not be below 0"),
    (lambda p: with_lot(p, shares=Decimal(-5)), "lot A1:US0000000184:0 of S01 has -5 shares"),
    (lambda p: with_lot(p, shares=Decimal(90_000)), "lots of S01 are worth 13.9367 of net"),
    (lambda p: replace(p, lots=p.lots[1:]), "lots has 11 entries for 12 names"),
    (lambda p: with_row(p, limit=np.inf), "row 'cash at least 1.0 %' has limit inf"),
    (lambda p: with_row(p, buy=np.ones(3)), "row 'cash at least 1.0 %': buy has shape (3,)"),
    (lambda p: with_row(p, soft_price=-1.0), "row 'cash at least 1.0 %' has limit"),
    (lambda p: replace(p, risk_aversion=0.0), "risk aversion is 0.0; it must be above 0"),
    (lambda p: replace(p, minimum_trade=np.nan), "minimum trade is nan; it must be 0 or more"),
    (lambda p: replace(p, nav=Decimal("NaN")), "net asset value is NaN; it must be above 0"),
    (lambda p: replace(p, loss_locked=frozenset({40})), "a lock is on name 40 of 12"),
    (lambda p: with_goal(p, alpha=with_entry(p.b, 1, np.inf)), "goal: alpha of S02 is inf"),
    (lambda p: with_goal(p, budget=p.b - 0.2), "goal: budget of S01 is -0.1517"),
    (
        lambda p: with_goal(p, risk=replace(risk_around(MARKET[0], p.b), t=np.zeros(9))),
        "goal: t has shape (9,); it must be (1,)",
    ),
    (
        lambda p: replace(
            p,
            caps=(
                RiskCap(name="c", label="cap", risk=risk_around(MARKET[0], p.b), maximum=0.0,
                        relaxation_price=1.0),
            ),
        ),
        "cap 'cap' is 0.0; it must be above 0",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), PROBLEMS)
def test_an_unusable_account_says_why_and_its_neighbour_is_answered(batch, spoil, said):
    market, (first, second), alone = batch

    spoilt, sound = propose_batch(market, (spoil(first), second))

    assert spoilt.outcome is Outcome.FAILED
    assert spoilt.message.startswith(f"account A1: {said}")
    assert (sound,) == alone


MARKETS = [
    (lambda m: replace(m, prices=(Decimal(0), *m.prices[1:])), "price of S01 is 0; it must be"),
    (lambda m: replace(m, d=with_entry(m.d, 2, -0.01)), "d of S03 is -0.01; it must not be below"),
    (lambda m: replace(m, F=with_entry(m.F, 5, np.nan)), "F of S06 is not finite"),
    (lambda m: replace(m, F=m.F[:4]), "F has shape (4, 1); it must have a row for each of 12"),
    (lambda m: replace(m, half_spread=m.half_spread[:3]), "half_spread has shape (3,)"),
    (lambda m: replace(m, symbols=m.symbols[:3]), "symbols has 3 entries for 12 names"),
    (lambda m: replace(m, lot_sizes=(0, *m.lot_sizes[1:])), "lot size of S01 is 0"),
]


@pytest.mark.parametrize(("spoil", "said"), MARKETS)
def test_an_unusable_market_fails_every_account_with_the_field(batch, spoil, said):
    market, problems, _ = batch

    proposals = propose_batch(spoil(market), problems)

    assert [p.outcome for p in proposals] == [Outcome.FAILED] * 2
    for problem, proposal in zip(problems, proposals, strict=True):
        assert proposal.message.startswith(f"account {problem.account_id}: {said}")
