"""Asked two years later: who, what, why, by which rule with how much room, from which file line."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from domain.codec import decode, encode
from domain.lots import TaxLot
from domain.lots import Term as HoldingTerm
from domain.orders import (
    Adopted,
    Allocation,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from domain.postings import Break, Relief, Restatement, TransactionKind
from domain.proposals import AccountProposal, Conflict, Outcome, Term
from domain.runs import Approval, ApprovalStatus, Run, RunStatus, TriggerKind
from domain.snapshot import Finding, name_of
from domain.sources import Source
from ledger import postings
from oms.basket import Override, settle
from oms.compliance.check import check_accounts, check_orders
from oms.compliance.load import load_rules
from oms.compliance.scene import isin_of, read_scene
from oms.explain import Explanation, explain_account, explain_order, trace_run

RULES = load_rules(Path(__file__).parents[2] / "data" / "rules.toml")
AT = datetime(2026, 3, 31, 20, 45, tzinfo=UTC)
ALFA = isin_of("ALFA")

# A1 sells at a loss, and its IRA A2 bought three weeks ago: overridden. A3 just sells. A4 is stuck.
SCENE = read_scene("""
ALFA costs 10, issuer Alfa Corp, sector Energy
A1 is taxable in H1
A2 is deferred in H1
A1 has 500 cash
A3 has 500 cash
A4 has 500 cash
A1 holds 60 ALFA for 900 since 2019-02-03
A3 holds 40 ALFA for 100 since 2025-06-01
A2 holds 5 ALFA for 50 since 2026-03-10
A1 sells 60 ALFA
A3 sells 40 ALFA
""")
SNAPSHOT = replace(
    SCENE.snapshot,
    lots=tuple(
        replace(lot, source=Source("harbor_lots.csv", 10 + n, "ab" * 32))
        for n, lot in enumerate(SCENE.snapshot.lots)
    ),
    findings=(
        Finding(check="doubled", account_id="A4", message="A4 is in two files", source=None),
    ),
)
RECOMMENDED = tuple(
    replace(
        r,
        reason=f"Sell {r.quantity} ALFA: 4.1 % over its target.",
        terms=(
            Term(name="tracking_risk", basis_points=Decimal("4.1")),
            Term(name="tax", basis_points=Decimal("-1.25")),
        ),
    )
    for r in SCENE.recommendations
)
CHECKS = check_accounts(RULES, SNAPSHOT, RECOMMENDED, AT)
BASKET = settle(
    name_of(SNAPSHOT),
    RECOMMENDED,
    CHECKS,
    {("wash-sale", "A1"): Override(by="Ines", why="the loss is not needed")},
)
RUN = Run(
    run_id=UUID(int=5),
    trigger="month-end",
    kind=TriggerKind.CALENDAR,
    due=AT,
    why="15 minutes before the NYSE close on the last business day",
    account_ids=(),
    status=RunStatus.DONE,
    started_at=AT,
    snapshot_id=name_of(SNAPSHOT),
)
APPROVAL = Approval(
    run_id=RUN.run_id,
    content_hash=BASKET.content_hash,
    requested_by="trimtab",
    requested_at=AT,
    why="1 overridable breach (wash-sale)",
    status=ApprovalStatus.APPROVED,
    decided_by="Ines",
    decided_at=AT,
    decision_reason="seen",
)
INTENT = OrderIntent(
    cl_ord_id="DE7L-0001",
    run_id=RUN.run_id,
    venue="XSIM",
    security_id=ALFA,
    symbol="ALFA",
    side=Side.SELL,
    quantity=Decimal(100),
    ord_type=OrdType.LIMIT,
    limit_price=Decimal("9.80"),
    time_in_force=TimeInForce.DAY,
    reference_price=Decimal(10),
    trade_date=date(2026, 3, 31),
    decided_at=AT,
    allocations=(
        Allocation(account_id="A1", quantity=Decimal(60)),
        Allocation(account_id="A3", quantity=Decimal(40)),
    ),
)
ORDER_CHECKS = check_orders(RULES, (INTENT,), SNAPSHOT, (), AT)
ORDER = Order(
    intent=INTENT,
    status=OrdStatus.FILLED,
    current="DE7L-0001",
    chain=("DE7L-0001",),
    order_qty=Decimal(100),
    limit_price=Decimal("9.80"),
    cum_qty=Decimal(100),
    leaves_qty=Decimal(0),
    gross=Decimal(990),
    commission=Decimal("0.50"),
    sent=True,
)
FILL = ExecutionReport(
    venue="XSIM",
    exec_id="E1",
    order_id="V1",
    cl_ord_id="DE7L-0001",
    orig_cl_ord_id=None,
    exec_type=ExecType.TRADE,
    ord_status=OrdStatus.FILLED,
    symbol="ALFA",
    side=Side.SELL,
    order_qty=Decimal(100),
    cum_qty=Decimal(100),
    leaves_qty=Decimal(0),
    avg_px=Decimal("9.9"),
    last_qty=Decimal(100),
    last_px=Decimal("9.90"),
    limit_price=Decimal("9.80"),
    commission=Decimal("0.50"),
    exec_ref_id=None,
    reason="",
    trade_date=date(2026, 3, 31),
    transact_time=AT,
)


def share(lot: TaxLot, money: str, fee: str) -> postings.Share:
    relief = Relief(
        lot_id=lot.lot_id,
        account_id=lot.account_id,
        security_id=ALFA,
        quantity=lot.quantity,
        basis=lot.basis,
        proceeds=Decimal(money),
        term=HoldingTerm.LONG,
    )
    return postings.Share(
        account_id=lot.account_id,
        quantity=lot.quantity,
        gross=Decimal(money),
        commission=Decimal(fee),
        reliefs=(relief,),
    )


BOOKED = (
    postings.fill(FILL, INTENT, AT),
    postings.allocation(
        INTENT,
        (share(SNAPSHOT.lots[0], "594.00", "0.30"), share(SNAPSHOT.lots[1], "396.00", "0.20")),
        number=1,
        trade_date=INTENT.trade_date,
        at=AT,
    ),
)
STUCK = AccountProposal(
    account_id="A3",
    outcome=Outcome.INFEASIBLE,
    message="Energy at least 30 % cannot hold",
    net_asset_value=Decimal(900),
    tracking_error_before=Decimal("0.021"),
    tracking_error_after=Decimal("0.021"),
    turnover=Decimal(0),
    expected_cost=Decimal(0),
    expected_tax=Decimal(0),
    cash_before=Decimal(500),
    cash_after=Decimal(500),
    conflicts=(Conflict(name="energy floor", detail="at least 30 %", short_by=Decimal("0.124")),),
)


def explained(**changes) -> Explanation:
    usual = {
        "recommendations": RECOMMENDED,
        "checks": (*CHECKS, *ORDER_CHECKS),
        "approval": APPROVAL,
        "run": RUN,
        "snapshot": SNAPSHOT,
        "executions": (FILL,),
        "transactions": BOOKED,
        "basket": BASKET,
    }
    order = changes.pop("order", ORDER)
    return explain_order(order, **{**usual, **changes})


def test_an_order_is_explained_from_its_trigger_to_its_lots_and_files():
    found = explained()
    text = "\n".join(found.lines())

    assert found.gaps == ()
    for sentence in (
        "Order DE7L-0001: sell 100 ALFA at 9.8 or better for 2 accounts",
        "FILLED: 100 of 100 shares done at XSIM.",
        ("Average price 9.9, $990.00 in all, commission $0.50; against the decision price 10 that "
        "cost $10.00."),
        "by trigger month-end (calendar), due 2026-03-31 20:45:00 UTC: 15 minutes before the NYSE",
        "A1, 60 shares: Sell 60 ALFA: 4.1 % over its target.",
        "A1, in basis points: tracking_risk +4.10, tax -1.25",
        ("trimtab asked for approval on 2026-03-31 20:45:00 UTC because 1 overridable breach "
        "(wash-sale); approved by Ines on 2026-03-31 20:45:00 UTC: seen"),
        ("(overridable) BREACHED for A1: ALFA: A1 sells at a loss 60 in this basket, A2 acquires 5 "
        "on 2026-03-10, within 30 days: 5 shares match, $25.00 of loss would not count [26 USC "
        "1091(a); Rev. Rul. 2008-5 (IRAs count)]; overridden by Ines: the loss is not needed"),
        "(hard) passed for DE7L-0001: limit $9.80 is 2 % from the reference $10.00, at most 5 %",
        "A1 was to have 60 shares, got 60 and received $593.70",
        ("relieved 60 of lot lot-1 acquired 2019-02-03 (harbor_lots.csv:10): basis $900.00, "
        "proceeds $594.00, long-term loss $306.00"),
        "2026-03-31 20:45:00 UTC XSIM E1: filled 100 at 9.9, fee $0.50",
        "price 10 of 2026-03-31: example:",
        "lot lot-2, 40 shares acquired 2025-06-01 for 100: harbor_lots.csv:11 (sha256 ababab",
    ):  # fmt: skip
        assert sentence in text, f"{sentence}\nnot in\n{text}"


def test_an_explanation_is_data_too_and_says_the_same_every_time():
    found = explained()

    again = decode(Explanation, encode(found))

    assert again.lines() == found.lines()
    assert encode(explained()) == encode(found)
    facts = json.loads(encode(found))["facts"]
    assert facts["order"]["intent"]["cl_ord_id"] == "DE7L-0001"
    assert {"file": "harbor_lots.csv", "line": 10, "sha256": "ab" * 32} in [
        origin["source"] for origin in facts["lineage"]
    ]


def test_the_rules_speak_of_the_order_itself_and_of_its_tightest_account():
    lines = explained().lines()

    (sold,) = [line for line in lines if "no-overselling" in line]
    (cash,) = [line for line in lines if "cash-floor" in line]
    assert "passed for DE7L-0001: A1 sells 60 ALFA and holds 60" in sold
    assert sold.endswith("; 2 others passed")
    assert cash.endswith("; the tightest of 2 passes")


def test_what_belongs_to_other_orders_is_left_out():
    other = replace(FILL, cl_ord_id="DE7L-0009", exec_id="E9")
    stranger = replace(BOOKED[0], cl_ord_id="DE7L-0009", transaction_id="x")
    foreign = replace(CHECKS[0], subject="A77")

    found = explained(
        executions=(FILL, other),
        transactions=(*BOOKED, stranger),
        checks=(*CHECKS, *ORDER_CHECKS, foreign),
    )

    assert found.lines() == explained().lines()


def test_a_rule_asked_again_when_the_run_resumed_is_told_once():
    assert explained(checks=(*CHECKS, *ORDER_CHECKS, *ORDER_CHECKS)) == explained()


def test_a_run_that_went_by_policy_says_so():
    assert any("Released by policy" in line for line in explained(approval=None).lines())


def test_what_no_stored_fact_explains_is_a_gap():
    assert explained(recommendations=RECOMMENDED[:1]).gaps == (
        "no recommendation of A3 for this order",
    )
    assert explained(checks=CHECKS).gaps == ("no rule was asked about DE7L-0001",)
    assert explained(executions=()).gaps == (
        "the executions do not add up to what the order filled",
    )
    assert explained(transactions=BOOKED[:1]).gaps == ("0 shares are allocated, 100 were filled",)
    pending = replace(APPROVAL, status=ApprovalStatus.PENDING, decided_at=None)
    assert explained(approval=pending).gaps == ("the run's approval is pending",)
    fewer = replace(SNAPSHOT, lots=SNAPSHOT.lots[1:])
    assert "lot lot-1 is not in the snapshot" in explained(snapshot=fewer).gaps
    assert "What is missing" in explained(executions=()).lines()


def test_a_breach_that_nobody_overrode_is_a_gap():
    bare = settle("s", RECOMMENDED, CHECKS)

    (gap,) = explained(basket=bare).gaps

    assert gap == "wash-sale blocks A1, and the order was made all the same"


def test_a_bust_is_told_and_counted_out():
    bust = replace(
        FILL, exec_id="E2", exec_type=ExecType.TRADE_CANCEL, exec_ref_id="E1", last_px=None
    )
    empty = replace(ORDER, cum_qty=Decimal(0), gross=Decimal(0), status=OrdStatus.CANCELED)
    reversal = replace(
        BOOKED[1],
        transaction_id="r",
        reverses=BOOKED[1].transaction_id,
        kind=TransactionKind.ALLOCATION_REVERSAL,
    )

    found = explained(order=empty, executions=(FILL, bust), transactions=(*BOOKED, reversal))

    assert found.gaps == ()
    assert any("busted E1, 100 at no price" in line for line in found.lines())


def test_an_order_whose_sale_counts_otherwise_since_says_so():
    """A loss of a later run was replaced by shares that this order had sold."""
    sale = BOOKED[-1]
    was = sale.relieved[0]
    now = replace(was, lot_id=f"{was.lot_id}~w", basis=was.basis + 100, acquired=date(2020, 1, 2))
    change = Restatement(sale=sale.transaction_id, was=was, now=now)
    later = replace(
        sale,
        transaction_id="wash_sale:S",
        kind=TransactionKind.WASH_SALE,
        legs=(),
        relieved=(),
        restated=(change, replace(change, sale="another")),
        cl_ord_id=None,
    )

    lines = explained(transactions=(*BOOKED, later)).lines()

    said = [line for line in lines if "count as" in line]
    assert len(said) == 1
    assert f"count as a long-term loss of ${100 - was.gain:,.2f} instead of" in said[0]


def account(account_id: str, proposal=None) -> Explanation:
    return explain_account(
        account_id,
        run=RUN,
        snapshot=SNAPSHOT,
        proposal=proposal,
        recommendations=RECOMMENDED,
        checks=CHECKS,
        basket=BASKET,
        approval=APPROVAL,
        orders=(ORDER,),
        transactions=BOOKED,
    )


def test_an_account_is_told_what_was_done_for_it():
    text = "\n".join(account("A1", replace(STUCK, account_id="A1", outcome=Outcome.TRADE)).lines())

    for sentence in (
        "Account A1 (A1, taxable, household H1, at example)",
        "tracking error 2.1 % before",
        "sell 60 ALFA, $600.00: Sell 60 ALFA: 4.1 % over its target.",
        "overridden by Ines: the loss is not needed",
        "DE7L-0001: 60 of a block to sell 100 ALFA, filled with 100 done",
        "allocation:DE7L-0001:1 on 2026-03-31: -60 ALFA, $593.70 cash; realised -$306.00",
        "Together: cash $1,093.70, ",
        "; realised -$306.00 long-term, $0.00 short-term.",
        "harbor_lots.csv:10",
    ):
        assert sentence in text, f"{sentence}\nnot in\n{text}"
    assert "harbor_lots.csv:11" not in text, "another account's lot"


def test_an_account_that_was_left_alone_is_told_why():
    stopped = "\n".join(account("A4").lines())
    stuck = "\n".join(account("A3", STUCK).lines())

    assert "quarantined: A4 is in two files" in stopped
    assert account("A4").is_complete
    assert "infeasible: Energy at least 30 % cannot hold" in stuck
    assert "energy floor: at least 30 % (short by 12.4 %)" in stuck
    assert account("A2").gaps == ("the optimizer gave no answer for A2",)
    assert account("X1").gaps == ("account X1 is not in the snapshot",)


def traced(**changes) -> Explanation:
    usual = {
        "snapshot": SNAPSHOT,
        "proposals": (STUCK, replace(STUCK, account_id="A1", outcome=Outcome.TRADE)),
        "recommendations": RECOMMENDED,
        "checks": (*CHECKS, *ORDER_CHECKS),
        "basket": BASKET,
        "approval": APPROVAL,
        "orders": (ORDER,),
        "executions": (FILL,),
        "transactions": BOOKED,
        "breaks": (
            Break(kind="cash_differs", subject="A1", ours="1", theirs="2", message="a cent"),
        ),
    }
    return trace_run(RUN, **{**usual, **changes})


def test_a_run_is_traced_step_by_step_with_its_numbers():
    text = "\n".join(traced().lines())

    for sentence in (
        "month-end (calendar), due 2026-03-31 20:45:00 UTC: 15 minutes before",
        "as of 2026-03-31: 4 accounts, 3 lots, 1 security.",
        "A4 quarantined: A4 is in two files",
        "1 account infeasible, 1 account trade",
        "A3 infeasible: Energy at least 30 % cannot hold",
        "2 trades for 2 accounts: $0.00 to buy, $1,000.00 to sell.",
        "1 breached, 0 could not tell.",
        "approved by Ines",
        "1 order, 1 execution, $990.00 traded",
        "1 allocation, 1 fill",
        "Realised gains and losses together -$10.00.",
        "cash_differs: a cent",
    ):
        assert sentence in text, f"{sentence}\nnot in\n{text}"
    assert traced().facts["orders"] == [
        {
            "cl_ord_id": "DE7L-0001",
            "accounts": ["A1", "A3"],
            "executions": ["E1"],
            "transactions": [t.transaction_id for t in BOOKED],
        }
    ]


def test_a_run_that_has_only_begun_tells_what_there_is():
    early = replace(RUN, snapshot_id=None, status=RunStatus.RUNNING)

    found = trace_run(
        early,
        snapshot=None,
        proposals=(),
        recommendations=(),
        checks=(),
        basket=None,
        approval=None,
        orders=(),
        executions=(),
        transactions=(),
        breaks=(),
    )

    assert [s.heading for s in found.sections if s.sentences] == ["Trigger"]
    assert found.is_complete


def test_a_trace_says_when_fills_are_not_booked_or_the_snapshot_is_gone():
    assert traced(transactions=(), snapshot=None).gaps == (
        f"snapshot {RUN.snapshot_id} is not stored",
        "the fills of DE7L-0001 are not in the ledger",
    )


def test_an_adopted_order_is_told_by_who_adopted_it_and_not_by_the_run_that_lent_its_mandates():
    adopted = Adopted(
        cl_ord_id=ORDER.intent.cl_ord_id,
        known_as="XSIM/7",
        at=AT,
        why="on tape",
        by="anna",
        seconded_by="ben",
    )

    found = explained(adopted=adopted, recommendations=(), checks=())
    text = "\n".join(found.lines())

    assert found.gaps == ()
    assert (
        "anna said that XSIM/7 is ours, and ben agreed on 2026-03-31 20:45:00 UTC: on tape" in text
    )
    assert "None: the venue had it before it was ours." in text
    assert "by trigger" not in text
    assert "Who released it" not in text
