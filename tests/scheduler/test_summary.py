"""The summary's numbers, each on a run small enough to check by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.compliance import CheckResult, Force, Verdict
from domain.order_states import apply, open_order
from domain.orders import Side
from domain.proposals import AccountProposal, Outcome
from domain.recommendations import Basket, HeldAccount
from ledger import postings
from ledger.lots import relieve
from scheduler.summary import BreachCount, Facts, count_breaches, summarise
from tests.oms_orders.desk import AAPL, DAY, NOW, RUN, fill, intent, lot, mandate, snapshot


def proposal(account: str, nav: str, before: str, outcome: Outcome = Outcome.TRADE):
    return AccountProposal(
        account_id=account,
        outcome=outcome,
        message="",
        net_asset_value=Decimal(nav),
        tracking_error_before=Decimal(before),
        tracking_error_after=Decimal(before) / 10,
        turnover=Decimal(0),
        expected_cost=Decimal(0),
        expected_tax=Decimal(0),
        cash_before=Decimal(0),
        cash_after=Decimal(0),
    )


def answer(force: Force, verdict: Verdict = Verdict.BREACH, by: str | None = None):
    return CheckResult(
        rule_id="rule",
        rule_type="GroupWeight",
        force=force,
        verdict=verdict,
        subject="A1",
        security_ids=(),
        value=None,
        limit=None,
        sentence="",
        citation="",
        overridden_by=by,
    )


def facts(**changes):
    book = snapshot()
    return replace(
        Facts(
            run_id=RUN,
            trigger="month-end",
            snapshot_id="s",
            snapshot=book,
            proposals=(),
            basket=Basket(snapshot_id="s", recommendations=(), held=(), results=()),
            orders=(),
            executions=(),
            transactions=(),
            breaks=(),
            errors_after={},
        ),
        **changes,
    )


def test_tracking_errors_weigh_accounts_by_their_value():
    """A: $300 from 4 % to 1 %, B: $100 from 8 % to 2 %; together 5 % to 1.25 %."""
    given = facts(
        proposals=(proposal("A1", "300", "0.04"), proposal("A2", "100", "0.08")),
        errors_after={"A1": Decimal("0.01"), "A2": Decimal("0.02")},
    )

    summary = summarise(given)

    assert summary.tracking_error_before == Decimal("0.05")
    assert summary.tracking_error_after == Decimal("0.0125")


def test_an_account_without_a_measure_afterwards_counts_as_it_was():
    """What the optimizer hoped for is not what is reported."""
    summary = summarise(facts(proposals=(proposal("A1", "100", "0.04"),)))

    assert summary.tracking_error_after == summary.tracking_error_before == Decimal("0.04")


def test_an_account_that_the_optimizer_failed_on_has_no_part_in_the_tracking_error():
    given = (proposal("A1", "100", "0.04"), proposal("A2", "900", "0", Outcome.FAILED))

    summary = summarise(facts(proposals=given))

    assert summary.tracking_error_before == Decimal("0.04")
    assert summary.failed == 1


def test_nothing_to_weigh_is_no_tracking_error():
    assert summarise(facts()).tracking_error_before == 0


def test_a_sale_is_counted_with_its_gain_and_its_tax():
    """10 shares that cost $1,000 in 2021 sell at $150: $500 long-term gain, $100 tax at 20 %."""
    held = lot("A1", AAPL, 10, "1000")
    order = open_order(intent("R-0001", Side.SELL, AAPL, {"A1": 10}))
    report = fill(order, "E1", 10, "150", fee="0.03")
    done, _ = apply(order, report)
    reliefs = relieve(
        (held,),
        Decimal(10),
        Decimal(1500),
        mandate().lot_method,
        sold_on=date(2022, 11, 30),
        short_rate=Decimal("0.4"),
        long_rate=Decimal("0.2"),
        named=(),
    )
    booked = replace(postings.fill(report, order.intent, NOW), relieved=reliefs)

    summary = summarise(facts(orders=(done,), executions=(report,), transactions=(booked,)))

    assert (summary.orders, summary.executions, summary.traded) == (1, 1, 1)
    assert (summary.shares_traded, summary.notional) == (10, 1500)
    assert summary.commission == Decimal("0.03")
    assert (summary.realised_gain, summary.tax_cost) == (500, 100)
    assert booked.trade_date == DAY
    assert report.transact_time == NOW


def test_breaches_are_counted_by_what_became_of_them():
    """An overridden breach counts once, as overridden; "cannot tell" counts as a breach."""
    results = (
        answer(Force.HARD),
        answer(Force.HARD, Verdict.CANNOT_TELL),
        answer(Force.OVERRIDABLE),
        answer(Force.OVERRIDABLE, by="olga"),
        answer(Force.SOFT),
        answer(Force.SOFT, Verdict.PASS),
    )

    assert count_breaches(results) == BreachCount(hard=2, overridable=1, soft=1, overridden=1)


def test_every_account_is_in_one_of_the_counts():
    given = (
        proposal("A1", "1", "0.01"),
        proposal("A2", "1", "0.01", Outcome.INFEASIBLE),
        proposal("A3", "1", "0.01", Outcome.NO_TRADE),
    )
    held = Basket(
        snapshot_id="s",
        recommendations=(),
        held=(HeldAccount(account_id="A1", reason="a rule"),),
        results=(),
    )

    summary = summarise(facts(proposals=given, basket=held))

    assert (summary.held, summary.infeasible, summary.untouched, summary.traded) == (1, 1, 1, 0)
    assert summary.accounts == 3
