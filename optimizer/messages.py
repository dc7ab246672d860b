"""What a proposal says in one sentence, and what else its reader must know."""

from dataclasses import replace
from math import inf

import numpy as np

from domain.proposals import AccountProposal, Conflict, Figure, Outcome
from optimizer.carry_forward import absorbed_tax
from optimizer.certificate import TOLERANCE
from optimizer.conflicts import amount_of, unit_of
from optimizer.explain import weight
from optimizer.search import Found
from optimizer.ticket import Ticket
from optimizer.values import AccountProblem, Market, RiskCap, Row
from optimizer.words import dollars, listed, percent, plain

MEANINGFUL = 1e-6  # Of a limit: less is arithmetic.


def message(proposal: AccountProposal, held_back: tuple[str, ...]) -> str:
    """One sentence; `held_back`: the labels of the constraints that bind."""
    if proposal.outcome is Outcome.NO_TRADE:
        return f"Already best: no trade gains more than it costs; {_standing(proposal)}."
    word = "trade" if len(proposal.trades) == 1 else "trades"
    tax = proposal.expected_tax
    binding = f" Binding: {listed(held_back)}." if held_back else ""
    figure = _main_figure(proposal)
    moved = f"; {figure_words(figure)}" if figure else ""
    return (
        f"{len(proposal.trades)} {word}, turnover {percent(proposal.turnover)}: tracking error "
        f"{percent(proposal.tracking_error_before, 2)} to "
        f"{percent(proposal.tracking_error_after, 2)}{moved}, cost "
        f"{dollars(proposal.expected_cost)}, tax {dollars(tax)}.{binding}"
    )


def late(proposal: AccountProposal) -> AccountProposal:
    """The proposal with a note that it was stopped at its deadline, and how good it is."""
    certificate = proposal.certificate
    assert certificate is not None, "an answer has a certificate"
    within = "the best there is"
    told = proposal.message
    if certificate.gap > TOLERANCE:
        within = f"within {percent(certificate.gap, 2)} of the best objective, as far as is proven"
        if proposal.outcome is Outcome.NO_TRADE:
            told = f"No trade that pays was found in time; {_standing(proposal)}."
    note = f"Stopped at its deadline: {within}; what each rule costs was not worked out."
    return replace(proposal, message=told, notes=(*proposal.notes, note))


def _standing(proposal: AccountProposal) -> str:
    words = f"tracking error {percent(proposal.tracking_error_before, 2)}"
    weighing = proposal.weighing
    if weighing is None or weighing.cost <= 0:
        return words
    return (
        f"{words}; going all the way would gain {dollars(weighing.gain)} and cost "
        f"{dollars(weighing.cost)}"
    )


def _main_figure(proposal: AccountProposal) -> Figure | None:
    """The volatility that the account's goal is about, where it has another than its model."""
    return next((f for f in proposal.figures if f.name.endswith("volatility")), None)


def figure_words(figure: Figure) -> str:
    """A figure before and after, as a percentage where it is one."""
    kinds = ("volatility", "expected return")
    share = figure.name.endswith(kinds) or figure.name.startswith("funded ratio")
    if share:
        return f"{figure.name} {percent(figure.before, 2)} to {percent(figure.after, 2)}"
    return f"{figure.name} {plain(figure.before)} to {plain(figure.after)}"


def relaxed_message(proposal: AccountProposal, broken: tuple[Conflict, ...]) -> str:
    """What an infeasible account would trade, marked as what it is."""
    amounts = [f"{conflict.name} broken by {amount_of(conflict)}" for conflict in broken]
    told = f"with {listed(amounts)}" if amounts else "with room for whole shares"
    return f"Not to be released as it stands; {told}: {proposal.message}"


def notes_of(market: Market, problem: AccountProblem, found: Found) -> tuple[str, ...]:
    """Soft constraints that are broken, and tax that losses carried forward absorb."""
    ticket = Ticket.of(market, problem, found.box)
    limits: tuple[Row | RiskCap, ...] = (*problem.rows, *problem.caps)
    over = ticket.excesses(found.shares)
    notes = [
        _soft_words(limit, float(by), float(problem.nav))
        for limit, by in zip(limits, over, strict=True)
        if limit.soft_price < inf and by > MEANINGFUL and not _absorbs(limit)
    ]
    if (absorbed := absorbed_tax(problem, found)) > 0:
        notes.append(f"Losses carried forward take {dollars(absorbed)} off the tax.")
    notes = [*problem.notes, *notes]
    concerned = {market.symbols[at] for at in np.flatnonzero(problem.w0 + problem.b > 0)}
    notes += [
        f"Risk model: {note}."
        for note in market.notes
        if note.split(" ", 1)[0] in concerned or note.startswith("the ")
    ]
    return tuple(notes)


def _soft_words(limit: Row | RiskCap, by: float, nav: float) -> str:
    broken = Conflict(name=limit.label, detail="", short_by=weight(by), unit=unit_of(limit))
    cost = dollars(limit.soft_price * by * nav)
    return f"{limit.label} is soft and broken by {amount_of(broken)}, at a price of {cost}."


def _absorbs(limit: Row | RiskCap) -> bool:
    return isinstance(limit, Row) and limit.gain is not None and limit.gain.name.endswith("GROSS")
