"""Many accounts as arrays: certified, apart from each other, and the same however they are cut."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from itertools import count, pairwise
from multiprocessing import get_context

import numpy as np
import pytest

from benchmarks.optimizer_workload import accounts_of, market_of
from domain.errors import BadInputError
from optimizer.batch import general_form, targets
from optimizer.certificate import relative_gap, violation
from optimizer.deadline import Deadline
from optimizer.fast.accounts import Accounts, Targets
from optimizer.fast.reduction import Sides
from optimizer.model import Answer, Programs
from optimizer.objective import value
from optimizer.solve import Solution, solve

NAMES = 40
MARKET = market_of(NAMES)
BOOK = accounts_of(MARKET, 0, 12)


def same(one: Targets, other: Targets) -> bool:
    """To the bit, of every field."""
    return all(
        np.array_equal(
            getattr(one, f.name), getattr(other, f.name), equal_nan=f.name not in ("path", "why")
        )
        for f in fields(Targets)
    )


def with_account(book: Accounts, at: int, **changes) -> Accounts:
    """The book with other numbers in one account's rows."""
    changed = {}
    for name, number in changes.items():
        array = np.array(getattr(book, name))
        array[at] = number
        changed[name] = array
    return replace(book, **changed)


def test_every_account_is_certified_and_the_other_judge_agrees():
    """The arrays' own certificate against the one of single accounts, on their own numbers."""
    found = targets(MARKET, BOOK)

    assert set(found.path) == {"fast"}
    assert found.gap.max() <= 1e-6
    assert found.violation.max() <= 1e-8
    sides = Sides.of(MARKET.F, BOOK.buy, BOOK.sell)
    for at in range(len(BOOK)):
        problem, box = general_form(BOOK, at, BOOK.arrays(at, MARKET, sides))
        answer = Answer(
            u=np.maximum(found.z[at], 0),
            s=sold_in_order(found.z[at], box.segments),
            row_duals=found.row_prices[at],
        )
        assert relative_gap(MARKET, problem, box, answer) <= 1e-6
        assert violation(problem, box, answer) <= 1e-8


def sold_in_order(z, segments):
    left = np.maximum(-z, 0)
    s = np.zeros_like(segments)
    for at in range(s.shape[1]):
        s[:, at] = np.minimum(left, segments[:, at])
        left = left - s[:, at]
    return s


@pytest.mark.parametrize("cut", [[1] * 12, [5, 7], [11, 1]])
def test_answers_are_the_same_to_the_bit_however_the_book_is_cut(cut):
    ends = np.cumsum([0, *cut])

    parts = [targets(MARKET, BOOK.part(a, b)) for a, b in pairwise(ends)]

    assert same(Targets.joined(parts), targets(MARKET, BOOK))


def test_answers_are_the_same_to_the_bit_from_another_process():
    halves = [BOOK.part(0, 6), BOOK.part(6, 12)]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        parts = list(pool.map(targets, [MARKET, MARKET], halves))

    assert same(Targets.joined(parts), targets(MARKET, BOOK))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"w0": np.nan}, "account 3: w0: give a number for every name"),
        ({"b": np.inf}, "account 3: b: give a number for every name"),
        ({"most": -0.1}, "account 3: most: a largest purchase is negative"),
        ({"nav": 0.0}, "account 3: nav: must be positive"),
        ({"risk_aversion": -1.0}, "account 3: risk_aversion: must be positive"),
        ({"limit": np.nan}, "account 3: limit: must be a number or infinite"),
        ({"w0": 0.0}, "account 3: lots: exceed the position in w0"),
    ],
)
def test_bad_numbers_are_named_and_hurt_no_neighbour(changes, why):
    good = targets(MARKET, BOOK)

    found = targets(MARKET, with_account(BOOK, 3, **changes))

    assert (found.path[3], found.why[3]) == ("", why)
    assert np.isnan(found.objective[3])
    others = np.arange(len(BOOK)) != 3
    assert np.array_equal(found.z[others], good.z[others])


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("lot_name", NAMES, f"lot_name: must be from 0 to {NAMES - 1}"),
        ("lot_name", 0, "lots: must be in the order of their names"),
        ("lot_weight", -1.0, "lot_weight: must be at least 0"),
        ("lot_tax", np.nan, "lot_tax: must be a number"),
        ("lot_tax", -9.0, "lots: must be in the order of their names, and of rising tax"),
    ],
)
def test_a_bad_lot_is_named(field, value, why):
    lots = np.array(getattr(BOOK, field))
    second = (
        BOOK.lot_start[4]
        + np.flatnonzero(np.diff(BOOK.lot_name[BOOK.lot_start[4] : BOOK.lot_start[5]]) == 0)[0]
        + 1
    )
    lots[second] = value

    found = targets(MARKET, replace(BOOK, **{field: lots}))

    assert found.why[4].startswith(f"account 4: {why}")
    assert [bool(path) for path in found.path] == [at != 4 for at in range(len(BOOK))]


def test_shapes_that_disagree_are_refused_by_name():
    with pytest.raises(BadInputError, match=r"accounts: most has shape \(12, 39\)"):
        replace(BOOK, most=BOOK.most[:, 1:])
    with pytest.raises(BadInputError, match="lot_start must rise from 0"):
        replace(BOOK, lot_start=BOOK.lot_start[::-1])


def test_numbers_that_spoil_every_account_are_refused_by_name():
    odd = BOOK.buy.copy()
    odd[3, 0] = np.nan
    with pytest.raises(BadInputError, match="accounts: buy of row 3 is not finite"):
        replace(BOOK, buy=odd)
    with pytest.raises(BadInputError, match="market: d holds a number that is not finite"):
        targets(replace(MARKET, d=MARKET.d - 1), BOOK)
    with pytest.raises(BadInputError, match="market: F has 30 names, the accounts 40"):
        targets(market_of(30), BOOK)


def test_a_batch_of_nobody_has_no_answers():
    found = targets(MARKET, BOOK.part(0, 0))

    assert found.z.shape == (0, NAMES)
    assert len(found.path) == 0


def test_an_account_that_cannot_be_is_proven_so_alone():
    impossible = np.where(np.arange(BOOK.limit.shape[1]) == 0, -2.0, BOOK.limit[5])

    found = targets(MARKET, with_account(BOOK, 5, limit=impossible))

    assert found.why[5] == "no trade keeps every row, as their prices prove"
    assert sum(found.path == "") == 1


def test_what_the_fast_path_does_not_know_goes_to_the_general_model(monkeypatch):
    monkeypatch.setattr("optimizer.batch.unsuited", lambda _: "declined")
    monkeypatch.setattr("optimizer.fast.path.unsuited", lambda _: "declined")

    found = targets(MARKET, BOOK.part(0, 2))

    monkeypatch.undo()
    fast = targets(MARKET, BOOK.part(0, 2))
    assert set(found.path) == {"piqp"}
    assert np.allclose(found.objective, fast.objective, rtol=1e-6)
    assert np.allclose(found.row_prices, fast.row_prices, atol=1e-5)


def test_a_batch_that_runs_out_of_time_answers_who_had_a_turn():
    ticks = count()
    deadline = Deadline(lambda: float(next(ticks)), 60.0)  # A tick each time that it is asked.

    found = targets(MARKET, BOOK, deadline=deadline)

    answered = found.path == "fast"
    assert 0 < answered.sum() < len(BOOK)
    assert all("deadline passed" in why for why in found.why[~answered])
    whole = found.gap <= 1e-6
    assert whole.any()
    assert np.array_equal(found.z[whole], targets(MARKET, BOOK).z[whole])


def test_an_account_that_runs_out_of_time_gets_its_best_so_far_with_its_real_gap():
    """Its limits allow doing nothing, so as much of the unfinished trades as fits is an answer."""
    sides = Sides.of(MARKET.F, BOOK.buy, BOOK.sell)
    allows = [at for at in range(len(BOOK)) if BOOK.limit[at].min() >= 0]
    for at in allows:
        problem, box = general_form(BOOK, at, BOOK.arrays(at, MARKET, sides))
        best = solve(Programs(MARKET), problem, box)
        for steps in range(2, 5):
            ticks = count()
            late = Deadline(lambda ticks=ticks: float(next(ticks)), float(steps))
            found = solve(Programs(MARKET).until(late), problem, box)
            assert isinstance(found, Solution)
            nothing = np.zeros_like(box.segments)
            still = value(MARKET, problem, box, nothing[:, 0], nothing)
            scale = max(abs(found.objective), abs(still), 1e-4)
            assert found.objective <= still + 1e-12
            assert float(found.certificate.gap) >= (found.objective - best.objective) / scale - 1e-9
            assert float(found.certificate.violation) <= 1e-8
    assert allows
