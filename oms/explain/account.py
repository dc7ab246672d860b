"""What a run did for one account, and why it did not do more."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from domain.accounts import Account
from domain.codec import to_plain
from domain.compliance import CheckResult
from domain.exact import ZERO
from domain.instruments import CASH
from domain.lots import Term
from domain.orders import Order, Side
from domain.postings import Transaction
from domain.proposals import AccountProposal, Outcome
from domain.recommendations import Basket, Recommendation
from domain.runs import Approval, Run
from domain.snapshot import Finding, Snapshot
from ledger.positions import realised
from oms.explain.answer import Explanation, Section
from oms.explain.books import Signatures, account_words, besides
from oms.explain.lineage import origins_of_account, origins_of_lots
from oms.explain.order import approval_words
from oms.explain.posted import concerns, legs_of, posted_words
from oms.explain.proposal import proposal_words
from oms.explain.rules import final_answers, rule_sentences, way_out
from oms.explain.wash_sale import wash_sale_words
from oms.wording import dollars, instant, percent, shares


def explain_account(
    account_id: str,
    *,
    run: Run,
    snapshot: Snapshot,
    proposal: AccountProposal | None,
    recommendations: Sequence[Recommendation],
    checks: Sequence[CheckResult],
    basket: Basket | None,
    approval: Approval | None,
    orders: Sequence[Order],
    transactions: Sequence[Transaction],
    others: Sequence[Transaction] = (),
    signed: Signatures = MappingProxyType({}),
) -> Explanation:
    """One account in one run. Pass what is stored of the run; the rest is left out here.

    `others` are the account's postings that are not of the run, `signed` says by whom those are
    that were made by hand.
    """
    account = next((a for a in snapshot.accounts if a.account_id == account_id), None)
    own = [r for r in recommendations if r.account_id == account_id]
    answers = [c for c in final_answers(checks, basket) if c.subject == account_id]
    found = [o for o in orders if account_id in {a.account_id for a in o.intent.allocations}]
    booked = [t for t in transactions if concerns(t, account_id)]
    stopped = snapshot.quarantined().get(account_id, ())
    held = [h.reason for h in basket.held if h.account_id == account_id] if basket else []
    symbols = {security.security_id: security.symbol for security in snapshot.securities}
    origins = (
        *origins_of_account(snapshot, account_id),
        *origins_of_lots(snapshot, (i.lot_id for i in snapshot.lots if i.account_id == account_id)),
    )
    gaps = () if account is not None else (f"account {account_id} is not in the snapshot",)
    if account is not None and proposal is None and not stopped:
        gaps = (f"the optimizer gave no answer for {account_id}",)
    return Explanation(
        subject=account_id,
        title=_title(account_id, account, run),
        sections=(
            Section("What stopped it", tuple(_stopped_words(stopped, held, answers, approval))),
            Section(_proposer(proposal), proposal_words(proposal)),
            Section("What was recommended", tuple(_wanted_words(r) for r in own)),
            Section("Which rules were asked", rule_sentences(answers)),
            Section("Who released it", (approval_words(approval),) if found else ()),
            Section("What was traded", tuple(_order_words(o, account_id) for o in found)),
            Section("What was booked", tuple(_all_booked(booked, account_id, symbols, proposal))),
            Section("What else was booked", tuple(besides(others, account_id, symbols, signed))),
            Section("Which data it came from", tuple(origin.words() for origin in origins)),
        ),
        facts={
            "account": to_plain(account),
            "run": to_plain(run),
            "findings": to_plain(stopped),
            "held": held,
            "proposal": to_plain(proposal),
            "recommendations": to_plain(own),
            "checks": to_plain(answers),
            "approval": to_plain(approval),
            "orders": [o.intent.cl_ord_id for o in found],
            "transactions": to_plain(booked),
            "others": to_plain(others),
            "lineage": to_plain(origins),
        },
        gaps=gaps,
    )


def _proposer(proposal: AccountProposal | None) -> str:
    by_hand = proposal is not None and proposal.outcome is Outcome.ORDERED
    return "What was ordered by hand" if by_hand else "What the optimizer said"


def _stopped_words(
    stopped: Sequence[Finding],
    held: Sequence[str],
    answers: Sequence[CheckResult],
    approval: Approval | None,
) -> Iterator[str]:
    for finding in stopped:
        yield f"quarantined: {finding.message}"
    if not held:
        return
    for reason in held:
        yield f"held: {reason}"
    yield "Nothing of the account goes out, as its sales pay for its purchases."
    for answer in answers:
        if answer.blocks:
            yield f"{answer.rule_id}: {way_out(answer)}."
    if approval is not None:
        yield f"Of this run: {approval_words(approval)}"


def _title(account_id: str, account: Account | None, run: Run) -> str:
    if account is None:
        return f"Account {account_id} in run {run.run_id.hex}"
    return (
        f"{account_words(account)} in run {run.run_id.hex} by trigger {run.trigger}, due "
        f"{instant(run.due)}"
    )


def _wanted_words(wanted: Recommendation) -> str:
    verb = "buy" if wanted.side is Side.BUY else "sell"
    return (
        f"{verb} {shares(wanted.quantity)} {wanted.symbol}, {dollars(wanted.notional)}: "
        f"{wanted.reason}"
    )


def _order_words(order: Order, account_id: str) -> str:
    intent = order.intent
    part = sum((a.quantity for a in intent.allocations if a.account_id == account_id), ZERO)
    verb = "buy" if intent.side is Side.BUY else "sell"
    status = order.status.name.lower().replace("_", " ")
    return (
        f"{intent.cl_ord_id}: {shares(part)} of a block to {verb} {shares(intent.quantity)} "
        f"{intent.symbol}, {status} with {shares(order.cum_qty)} done"
    )


def _all_booked(
    booked: Sequence[Transaction],
    account_id: str,
    symbols: Mapping[str, str],
    proposal: AccountProposal | None,
) -> Iterator[str]:
    """Every posting by its order, then what they add up to."""
    for transaction in sorted(booked, key=lambda t: (t.cl_ord_id or "", t.transaction_id)):
        yield posted_words(transaction, account_id, symbols)
    if not booked or proposal is None or proposal.net_asset_value <= 0:
        return
    cash = proposal.cash_before + sum(
        leg.quantity for t in booked for leg in legs_of(t, account_id) if leg.asset == CASH
    )
    gains = {
        term: sum(
            (r.gain for r in realised(booked) if (r.account_id, r.term) == (account_id, term)), ZERO
        )
        for term in Term
    }
    yield (
        f"Together: cash {dollars(cash)}, {percent(cash / proposal.net_asset_value)} of net "
        f"assets; realised {dollars(gains[Term.LONG])} long-term, "
        f"{dollars(gains[Term.SHORT])} short-term."
    )
    yield from wash_sale_words(booked, account_id, symbols)
