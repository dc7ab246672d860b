"""From proposals to a basket to a decision: what is held, what is overridden, who may say yes."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from domain.compliance import Verdict
from domain.orders import Side
from domain.proposals import AccountProposal, Outcome, ProposedTrade
from domain.runs import Approval, ApprovalStatus
from domain.snapshot import Finding
from oms.approval import (
    AlreadyDecidedError,
    ApprovalPolicy,
    ApprovalRefusedError,
    ContentChangedError,
    SelfApprovalError,
    approve,
    judge,
    reject,
)
from oms.basket import Override, OverrideRefusedError, settle
from oms.compliance.check import check_accounts
from oms.compliance.load import load_rules
from oms.compliance.scene import isin_of, read_scene
from oms.recommend import ForeignProposalError, recommend

RULES = load_rules(Path(__file__).parents[2] / "data" / "rules.toml")
AT = datetime(2026, 3, 31, 20, 45, tzinfo=UTC)
GENEROUS = ApprovalPolicy(max_orders=10, max_notional=Decimal(1_000_000))

# A1 washes a loss with A2 (overridable), A3 is clean, A4 buys a restricted name (hard).
DAY = """
ALFA costs 10
BETA costs 10
CHIP costs 10
CHIP is restricted
A1 is taxable in H1
A2 is deferred in H1
A1 has 1000 cash
A2 has 1000 cash
A3 has 1000 cash
A4 has 1000 cash
A1 holds 20 ALFA for 400 since 2024-01-10
A1 sells 20 ALFA
A2 buys 20 ALFA
A3 buys 20 BETA
A4 buys 20 CHIP
A4 buys 20 BETA
"""


def checked(text: str = DAY):
    scene = read_scene(text)
    results = check_accounts(RULES, scene.snapshot, scene.recommendations, scene.at)
    return scene.recommendations, results


def basket(overrides=None):
    recommendations, results = checked()
    return settle("snapshot-1", recommendations, results, overrides)


def pending(content_hash: str) -> Approval:
    return Approval(
        run_id=UUID(int=7),
        content_hash=content_hash,
        requested_by="scheduler",
        requested_at=AT,
        why="2 hard breaches",
    )


def proposal(account_id: str, **changes) -> AccountProposal:
    trade = ProposedTrade(
        security_id=isin_of("ALFA"),
        side=Side.BUY,
        quantity=Decimal(7),
        weight_before=Decimal(0),
        weight_after=Decimal("0.07"),
        weight_target=Decimal("0.07"),
        expected_cost=Decimal("0.35"),
        expected_tax=Decimal(0),
        lot_ids=(),
        terms=(),
        reason="Buy 7 ALFA: 7 % below its target.",
    )
    usual = AccountProposal(
        account_id=account_id,
        outcome=Outcome.TRADE,
        message="trade",
        net_asset_value=Decimal(1000),
        tracking_error_before=Decimal("0.02"),
        tracking_error_after=Decimal("0.01"),
        turnover=Decimal("0.07"),
        expected_cost=Decimal("0.35"),
        expected_tax=Decimal(0),
        cash_before=Decimal(1000),
        cash_after=Decimal(930),
        trades=(trade, replace(trade, security_id=isin_of("BETA"), side=Side.SELL)),
    )
    return replace(usual, **changes)


MARKET = read_scene("ALFA costs 10.25\nBETA costs 3\nA1 has 1 cash\nA2 has 1 cash").snapshot


def test_a_recommendation_is_priced_by_the_snapshot_and_sales_come_first():
    sale, purchase = recommend(MARKET, [proposal("A1")])

    assert (sale.side, sale.symbol, sale.notional) == (Side.SELL, "BETA", Decimal(21))
    assert (purchase.reference_price, purchase.notional) == (Decimal("10.25"), Decimal("71.75"))
    assert purchase.reason == "Buy 7 ALFA: 7 % below its target."
    assert purchase.expected_cost == Decimal("0.35")


def test_only_accounts_that_should_and_may_trade_are_recommended():
    stopped = replace(
        MARKET, findings=(Finding(check="doubled", account_id="A2", message="", source=None),)
    )
    idle = set(Outcome) - {Outcome.TRADE, Outcome.ORDERED}
    proposals = [proposal("A1", outcome=outcome) for outcome in sorted(idle)]

    assert recommend(stopped, [*proposals, proposal("A2")]) == ()


@pytest.mark.parametrize(
    ("account_id", "snapshot", "missing"),
    [
        ("A9", MARKET, "that account"),
        ("A1", replace(MARKET, securities=MARKET.securities[1:]), isin_of("ALFA")),
        ("A1", replace(MARKET, prices=MARKET.prices[1:]), "a price of"),
    ],
)
def test_a_proposal_of_another_snapshot_is_refused(account_id, snapshot, missing):
    with pytest.raises(ForeignProposalError, match=missing):
        recommend(snapshot, [proposal(account_id)])


def test_an_account_with_a_blocking_answer_is_held_whole():
    """A4's clean buy of BETA stays too: half an account's trades would not add up."""
    settled = basket()

    assert {r.account_id for r in settled.recommendations} == {"A3"}
    assert [held.account_id for held in settled.held] == ["A1", "A2", "A4"]
    assert "restricted-list (hard): CHIP is restricted" in settled.held[2].reason
    assert all(result.verdict is not Verdict.PASS for result in settled.results)


def test_an_override_releases_with_its_author_and_reason_on_record():
    why = Override(by="Ines", why="the client insists")
    settled = basket({("wash-sale", "A1"): why, ("wash-sale", "A2"): why})

    assert {r.account_id for r in settled.recommendations} == {"A1", "A2", "A3"}
    assert [held.account_id for held in settled.held] == ["A4"]
    overridden = [r for r in settled.results if r.overridden_by]
    assert {(r.subject, r.overridden_by, r.override_reason) for r in overridden} == {
        ("A1", "Ines", "the client insists"),
        ("A2", "Ines", "the client insists"),
    }
    assert settled.content_hash != basket().content_hash


@pytest.mark.parametrize(
    ("key", "override", "why"),
    [
        (("restricted-list", "A4"), Override("Ines", "please"), "hard rule"),
        (("wash-sale", "A3"), Override("Ines", "please"), "it passed"),
        (("wash-sale", "A7"), Override("Ines", "please"), "nothing against"),
        (("no-such-rule", "A1"), Override("Ines", "please"), "nothing against"),
        (("wash-sale", "A1"), Override("Ines", " "), "written reason"),
        (("wash-sale", "A1"), Override("", "please"), "a name"),
    ],
)
def test_an_override_that_may_not_be_is_refused(key, override, why):
    with pytest.raises(OverrideRefusedError, match=why):
        basket({key: override})


def test_an_override_covers_every_answer_of_its_rule_about_the_account():
    """A rule may be asked twice, of the account and of the block that it is in."""
    recommendations, results = checked()
    again = next(r for r in results if (r.rule_id, r.subject) == ("wash-sale", "A1"))
    why = Override(by="Ines", why="the client insists")

    settled = settle("s", recommendations, (*results, again), {("wash-sale", "A1"): why})

    assert "A1" in {r.account_id for r in settled.recommendations}


def test_a_small_clean_run_goes_by_policy():
    recommendations, results = checked("ALFA costs 10\nA1 has 1000 cash\nA1 buys 20 ALFA")

    assert judge(GENEROUS, settle("s", recommendations, results)) is None


def test_a_person_must_look_at_what_is_large_or_unclean():
    found = judge(ApprovalPolicy(max_orders=0, max_notional=Decimal(100)), basket())

    assert found == (
        "1 orders, the policy releases at most 0; $200.00 to trade, the policy releases at most "
        "$100.00; 1 hard breach (restricted-list); 2 overridable breaches (wash-sale)"
    )


def test_the_same_name_and_side_in_two_accounts_is_one_order():
    recommendations, results = checked(
        "ALFA costs 10\nA1 has 1000 cash\nA2 has 1000 cash\nA1 buys 20 ALFA\nA2 buys 5 ALFA"
    )
    one = ApprovalPolicy(max_orders=1, max_notional=Decimal(250))

    assert judge(one, settle("s", recommendations, results)) is None


def test_a_soft_breach_alone_asks_for_a_person_but_blocks_nobody():
    recommendations, results = checked(
        "ALFA costs 1\nA1 keeps 2 % cash\nA1 has 1000 cash\nA1 holds 9000 ALFA\nA1 buys 950 ALFA"
        "\nALFA costs 1, volume 9000"
    )
    lenient = tuple(r for r in results if r.rule_id == "share-of-volume")
    settled = settle("s", recommendations, lenient)

    assert settled.held == ()
    assert judge(GENEROUS, settled) == "1 soft breach (share-of-volume)"


def test_a_second_person_approves_exactly_what_was_requested():
    settled = basket()

    decided = approve(
        pending(settled.content_hash), by="Ines", at=AT, reason="fine", requested=settled
    )

    assert decided.status is ApprovalStatus.APPROVED
    assert (decided.decided_by, decided.decided_at) == ("Ines", AT)
    assert decided.content_hash == decided.released_hash == settled.content_hash


def test_an_approval_with_overrides_names_the_basket_that_results():
    requested = basket()
    why = Override(by="Ines", why="the client insists")
    final = basket({("wash-sale", "A1"): why, ("wash-sale", "A2"): why})

    decided = approve(
        pending(requested.content_hash),
        by="Ines",
        at=AT,
        reason="",
        requested=requested,
        final=final,
    )

    assert decided.content_hash == requested.content_hash
    assert decided.released_hash == final.content_hash
    with pytest.raises(ApprovalRefusedError, match="not by the approver Otto"):
        approve(
            pending(requested.content_hash),
            by="Otto",
            at=AT,
            reason="",
            requested=requested,
            final=final,
        )


@pytest.mark.parametrize("by", ["scheduler", " Scheduler "])
def test_nobody_approves_their_own_request(by):
    settled = basket()

    with pytest.raises(SelfApprovalError):
        approve(pending(settled.content_hash), by=by, at=AT, reason="", requested=settled)
    with pytest.raises(SelfApprovalError):
        reject(pending(settled.content_hash), by=by, at=AT, reason="no")


def test_a_changed_basket_is_not_what_was_approved():
    settled = basket()
    less = replace(settled, recommendations=())

    with pytest.raises(ContentChangedError, match="request approval again"):
        approve(pending(settled.content_hash), by="Ines", at=AT, reason="", requested=less)
    smuggled = replace(settled.recommendations[0], quantity=Decimal(999))
    for final in (
        replace(settled, snapshot_id="another"),
        replace(settled, results=settled.results[1:]),
        replace(settled, recommendations=(*settled.recommendations, smuggled)),
    ):
        with pytest.raises(ContentChangedError):
            approve(
                pending(settled.content_hash),
                by="Ines",
                at=AT,
                reason="",
                requested=settled,
                final=final,
            )


def test_a_decision_is_made_once_by_somebody_with_a_name_and_a_refusal_says_why():
    settled = basket()
    refused = reject(pending(settled.content_hash), by="Ines", at=AT, reason="too much energy")

    assert refused.status is ApprovalStatus.REJECTED
    with pytest.raises(AlreadyDecidedError, match="rejected by Ines"):
        approve(refused, by="Otto", at=AT, reason="", requested=settled)
    with pytest.raises(ApprovalRefusedError, match="written reason"):
        reject(pending(settled.content_hash), by="Ines", at=AT, reason=" ")
    with pytest.raises(ApprovalRefusedError, match="the name"):
        approve(pending(settled.content_hash), by=" ", at=AT, reason="", requested=settled)
