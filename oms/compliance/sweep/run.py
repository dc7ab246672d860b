"""Sweeping: forms first, and the exact path for whoever is not clearly a pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from domain.snapshot import Snapshot
from oms.compliance.book import Book
from oms.compliance.rules import AccountTest, Rule, Stage
from oms.compliance.sweep.forms import Flags, Form, form_of
from oms.compliance.sweep.holdings import Holdings

CHUNK = 2048  # Accounts: their sums stay in the cache.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Swept:
    """Who must be asked exactly, rule by rule; everybody else passes."""

    rules: tuple[Rule, ...]
    unclear: Flags  # (rules, accounts)
    exactly: tuple[bool, ...]  # Rules that no form was found for: all of their accounts are asked.

    def asked(self, place: int) -> tuple[int, ...]:
        """Indexes of the accounts that the rule in this place must be asked of, exactly."""
        return tuple(int(i) for i in np.flatnonzero(self.unclear[place]))


def sweep(
    rules: Sequence[Rule],
    holdings: Holdings,
    market: Snapshot,
    at: datetime,
    stage: Stage = Stage.PORTFOLIO,
) -> Swept:
    """Ask the rules of accounts that are in force at this stage of everybody.

    `market` needs securities, prices, mandates, restrictions, flows and facts; its accounts
    are not read. An account of which there are facts or flows is always asked exactly.
    """
    book = Book(market, (), at)
    asked = [
        rule
        for rule in rules
        if stage in rule.stage and rule.in_force(book.today) and isinstance(rule.test, AccountTest)
    ]
    forms: list[Form | None] = [form_of(rule, book, stage) for rule in asked]
    own = {fact.subject for fact in market.facts if fact.about == "account"}
    own |= {flow.account_id for flow in market.flows}
    known = np.array([account_id in own for account_id in holdings.account_ids], dtype=bool)
    unclear = np.ones((len(asked), len(holdings.account_ids)), dtype=bool)
    for start in range(0, len(holdings.account_ids), CHUNK):
        stop = min(start + CHUNK, len(holdings.account_ids))
        chunk = holdings.chunk(start, stop)
        for place, form in enumerate(forms):
            if form is not None:
                unclear[place, start:stop] = form.unclear(chunk) | known[start:stop]
    statuses = np.array(holdings.tax_statuses)
    for place, rule in enumerate(asked):
        for gate in (rule.account_types, rule.enabled_for):
            if gate:  # An account without facts of its own is of its tax status alone.
                unclear[place] &= known | np.isin(statuses, [str(kind) for kind in gate])
    return Swept(rules=tuple(asked), unclear=unclear, exactly=tuple(form is None for form in forms))
