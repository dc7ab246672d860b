"""Recheck: the basket asked again when the world is no longer what was checked.

A basket is checked as a whole: its buys stand on its sales. Where a sale was not
done in full, the rules are asked again of what its accounts would still buy, on what
they now hold. What was overridden stays so; whoever now breaks a rule leaves the wave.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.compliance import CheckResult
from domain.exact import ZERO
from domain.orders import OrderIntent
from domain.ports import UnitOfWork
from domain.recommendations import Recommendation
from domain.snapshot import Snapshot
from oms.compliance.check import check_accounts
from oms.compliance.rules import Rule
from oms.generations import lineage


def unfinished(uow: UnitOfWork, intents: Iterable[OrderIntent]) -> frozenset[str]:
    """The accounts of every order that did not trade all that was meant, or never went out."""
    short: set[str] = set()
    for intent in intents:
        done = sum((order.cum_qty for order in lineage(uow, intent.cl_ord_id)), ZERO)
        if done < intent.quantity:
            short |= {part.account_id for part in intent.allocations}
    return frozenset(short)


def left_out(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    intents: Iterable[OrderIntent],
    accounts: frozenset[str],
    *,
    earlier: Iterable[CheckResult],
    at: datetime,
) -> tuple[dict[str, str], tuple[CheckResult, ...]]:
    """Why accounts may no longer trade their part of `intents`, and every answer.

    `snapshot` is what stands now, `earlier` the answers that were approved.
    """
    let_through = {(one.rule_id, one.subject) for one in earlier if one.overridden_by}
    asked = [_wanted(intent, place) for intent in intents for place in _places(intent, accounts)]
    answers = check_accounts(rules, snapshot, asked, at)
    reasons: dict[str, str] = {}
    for answer in answers:
        if answer.blocks and (answer.rule_id, answer.subject) not in let_through:
            said = f"not all of its sales were done, and now {answer.rule_id}: {answer.sentence}"
            reasons.setdefault(answer.subject, said)
    return reasons, answers


def reasons_of_accounts(
    intents: Iterable[OrderIntent], answers: Iterable[CheckResult]
) -> dict[str, str]:
    """Why accounts may not trade their part of `intents`: a rule blocks the order they are in."""
    accounts = {i.cl_ord_id: [part.account_id for part in i.allocations] for i in intents}
    return {
        account: f"{answer.rule_id}: {answer.sentence}"
        for answer in answers
        if answer.blocks
        for account in accounts.get(answer.subject, ())
    }


def _places(intent: OrderIntent, accounts: frozenset[str]) -> Iterable[int]:
    return (n for n, part in enumerate(intent.allocations) if part.account_id in accounts)


def _wanted(intent: OrderIntent, place: int) -> Recommendation:
    """One account's part of a block, as the rules know a trade."""
    part = intent.allocations[place]
    return Recommendation(
        account_id=part.account_id,
        security_id=intent.security_id,
        symbol=intent.symbol,
        side=intent.side,
        quantity=part.quantity,
        reference_price=intent.reference_price,
        notional=part.quantity * intent.reference_price,
        lot_ids=part.lot_ids,
        expected_cost=ZERO,
        expected_tax=ZERO,
        terms=(),
        reason="asked again before its wave",
    )
