"""Whole portfolios of a large book: swept, and asked exactly where the answer is wanted.

What `check_portfolio` answers, but for passes that nobody waits for: of a rule that an account
keeps, and that has no case of it, nothing is said.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.compliance import CheckResult
from domain.snapshot import Snapshot
from oms.compliance.check import check_firm, check_pairs
from oms.compliance.rules import AccountTest, Rule, Stage
from oms.compliance.sweep.holdings import MONEY, Holdings
from oms.compliance.sweep.run import sweep

Key = tuple[str, str]  # A rule's id and an account's.


def check_portfolios(
    rules: Sequence[Rule], snapshot: Snapshot, at: datetime, wanted: Collection[Key] = ()
) -> tuple[CheckResult, ...]:
    """Every answer but a pass, and every answer that is `wanted`; quarantine is asked nothing."""
    quarantined = snapshot.quarantined()
    accounts = {one.account_id for one in snapshot.accounts} - quarantined.keys()
    in_force = [
        rule
        for rule in rules
        if Stage.PORTFOLIO in rule.stage
        and isinstance(rule.test, AccountTest)
        and rule.in_force(at.date())
    ]
    unclear = _unclear(in_force, _plain(snapshot, accounts), at)
    pairs = [
        (rule, account_id)
        for rule in in_force
        for account_id in sorted(accounts)
        if (rule.rule_id, account_id) in wanted
        or unclear.get((rule.rule_id, account_id), True)  # Who was not swept is asked.
    ]
    return (*check_pairs(pairs, snapshot, at), *check_firm(rules, snapshot, at))


def _unclear(rules: Sequence[Rule], book: Snapshot, at: datetime) -> dict[Key, bool]:
    """Of each question that was swept, whether it must be asked exactly."""
    held = Holdings.of(book)
    swept = sweep(rules, held, book, at)
    return {
        (rule.rule_id, account_id): bool(swept.unclear[place, n])
        for place, rule in enumerate(swept.rules)
        for n, account_id in enumerate(held.account_ids)
    }


def _plain(snapshot: Snapshot, account_ids: Collection[str]) -> Snapshot:
    """What of the book the arrays hold exactly: whole shares at whole prices, and known cash."""
    priced = {one.security_id for one in snapshot.prices if _is_whole(one.close * MONEY)}
    in_cash = {one.account_id for one in snapshot.cash if _is_whole(one.amount * MONEY)}
    odd = {
        lot.account_id
        for lot in snapshot.lots
        if lot.security_id not in priced or not _is_whole(lot.quantity)
    }
    plain = (in_cash & set(account_ids)) - odd
    return replace(
        snapshot,
        securities=tuple(one for one in snapshot.securities if one.security_id in priced),
        accounts=tuple(one for one in snapshot.accounts if one.account_id in plain),
        lots=tuple(lot for lot in snapshot.lots if lot.account_id in plain),
        cash=tuple(one for one in snapshot.cash if one.account_id in plain),
    )


def _is_whole(value: Decimal) -> bool:
    return value == value.to_integral_value()
