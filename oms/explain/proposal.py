"""What the optimizer said of one account, in sentences."""

from collections.abc import Iterator
from decimal import Decimal

from domain.proposals import AccountProposal, BindingRule, Conflict, Figure, Outcome, Weighing
from oms.wording import dollars, percent

_RECORDED = Decimal("1e-12")  # What a certificate keeps no digits below.
_PERCENTAGES = ("volatility", "expected return")


def proposal_words(proposal: AccountProposal | None) -> tuple[str, ...]:
    """The answer, its reasons and its proof; nothing where there is no answer."""
    return tuple(_words(proposal)) if proposal is not None else ()


def _words(proposal: AccountProposal) -> Iterator[str]:
    yield f"{proposal.outcome}: {proposal.message}"
    risk = (
        f"tracking error {percent(proposal.tracking_error_before)} before, "
        f"{percent(proposal.tracking_error_after)} after; "
    )
    yield (
        f"Net assets {dollars(proposal.net_asset_value)}; "
        f"{'' if proposal.outcome is Outcome.ORDERED else risk}"
        f"turnover {percent(proposal.turnover)}; "
        f"expected cost {dollars(proposal.expected_cost)}, expected tax "
        f"{dollars(proposal.expected_tax)}; cash {dollars(proposal.cash_before)} before, "
        f"{dollars(proposal.cash_after)} after."
    )
    yield from (_figure_words(figure) for figure in proposal.figures)
    yield from (_conflict_words(conflict) for conflict in proposal.conflicts)
    if proposal.relaxed is not None:
        yield proposal.relaxed.message
        yield from (f"  {trade.reason}" for trade in proposal.relaxed.trades)
    if proposal.weighing is not None:
        yield _weighing_words(proposal.weighing, traded=proposal.outcome is Outcome.TRADE)
    yield from (_rule_words(rule) for rule in proposal.binding)
    yield from proposal.notes
    if proposal.certificate is not None:
        proof = proposal.certificate
        yield (
            f"Proof: answered by {proof.path}, within {max(proof.gap, _RECORDED):.0e} of the best "
            f"objective, no constraint broken by more than {max(proof.violation, _RECORDED):.0e}."
        )


def _figure_words(figure: Figure) -> str:
    if figure.name.endswith(_PERCENTAGES) or figure.name.startswith("funded ratio"):
        return f"{figure.name}: {percent(figure.before)} before, {percent(figure.after)} after."
    return f"{figure.name}: {figure.before:.4g} before, {figure.after:.4g} after."


def _conflict_words(conflict: Conflict) -> str:
    words = conflict.name
    if conflict.detail != conflict.name:
        words = f"{conflict.name}: {conflict.detail}"
    if not conflict.short_by:
        return words
    if conflict.unit in ("", "volatility"):
        return f"{words} (short by {percent(conflict.short_by)})"
    return f"{words} (short by {conflict.short_by:.4g} of {conflict.unit})"


def _weighing_words(weighing: Weighing, *, traded: bool) -> str:
    sides = f"{dollars(weighing.gain)} a year and cost {dollars(weighing.cost)}"
    if traded:
        return f"The trades gain {sides}, by the mandate's risk aversion and loss value."
    return (
        f"If trading were free the best trades would gain {sides}; no trade at all gains more "
        f"than {dollars(weighing.at_most)} beyond its cost."
    )


def _rule_words(rule: BindingRule) -> str:
    step = {"": "1 % of net assets", "volatility": "1 % of volatility"}.get(
        rule.unit, f"0.01 of {rule.unit}"
    )
    return (
        f"{rule.name} binds: {step} more would be worth {dollars(rule.price)} a year. Without it "
        f"the answer is better by {dollars(rule.gain_without)} a year, with tracking error "
        f"{percent(rule.tracking_error_without)} and turnover {percent(rule.turnover_without)}."
    )
