"""The check: every rule in force, asked of every account that trades and of every block.

Passes are answers too and are stored: years later one must be able to show
what was asked, and with how much headroom.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from domain.compliance import CheckResult, Verdict
from domain.orders import Order, OrderIntent
from domain.recommendations import Recommendation
from domain.snapshot import Snapshot
from oms.compliance.book import Book, MissingDataError, OrderDesk
from oms.compliance.rules import (
    AccountQuestion,
    AccountTest,
    Answer,
    OrderQuestion,
    OrderTest,
    Rule,
    Stage,
)


def check_accounts(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    recommendations: Sequence[Recommendation],
    at: datetime,
) -> tuple[CheckResult, ...]:
    """Ask every rule of every account that trades; the basket is seen as a whole.

    The order of the recommendations does not matter. A question that does not
    arise (the rule's gate, a rule about orders) has no answer.
    """
    book = Book(snapshot, recommendations, at)
    answers = (
        _asked(rule, account_id, partial(_of_account, rule, book, account_id))
        for rule in _in_force(rules, book)
        if isinstance(rule.test, AccountTest)
        for account_id in book.trading_accounts()
    )
    return tuple(answer for answer in answers if answer is not None)


def check_orders(
    rules: Sequence[Rule],
    intents: Sequence[OrderIntent],
    snapshot: Snapshot,
    recent_orders: Sequence[Order],
    at: datetime,
) -> tuple[CheckResult, ...]:
    """Ask every rule about orders of every block; the subject is the ClOrdID."""
    book = Book(snapshot, (), at)
    desk = OrderDesk(book=book, batch=tuple(intents), earlier=tuple(recent_orders))
    answers = (
        _asked(rule, intent.cl_ord_id, partial(_of_order, rule, desk, intent))
        for rule in _in_force(rules, book)
        if isinstance(rule.test, OrderTest)
        for intent in intents
    )
    return tuple(answer for answer in answers if answer is not None)


def _in_force(rules: Sequence[Rule], book: Book) -> tuple[Rule, ...]:
    return tuple(r for r in rules if r.stage is Stage.PRE_TRADE and r.in_force(book.today))


def _of_account(rule: Rule, book: Book, account_id: str) -> Answer | None:
    if not rule.applies_to(book.account(account_id).tax_status):
        return None
    assert isinstance(rule.test, AccountTest)
    return rule.test.about_account(AccountQuestion(rule=rule, book=book, account_id=account_id))


def _of_order(rule: Rule, desk: OrderDesk, intent: OrderIntent) -> Answer | None:
    accounts = [desk.book.account(a.account_id) for a in intent.allocations]
    if not any(rule.applies_to(account.tax_status) for account in accounts):
        return None
    assert isinstance(rule.test, OrderTest)
    return rule.test.about_order(OrderQuestion(rule=rule, desk=desk, intent=intent))


def _asked(rule: Rule, subject: str, ask: Callable[[], Answer | None]) -> CheckResult | None:
    try:
        answer = ask()
    except MissingDataError as error:
        answer = Answer(verdict=Verdict.CANNOT_TELL, sentence=f"cannot tell: {error.args[0]}")
    if answer is None:
        return None
    return CheckResult(
        rule_id=rule.rule_id,
        rule_type=rule.rule_type,
        rule_version=rule.version,
        force=rule.force,
        verdict=answer.verdict,
        subject=subject,
        security_ids=answer.security_ids,
        value=answer.value,
        limit=answer.limit,
        sentence=answer.sentence,
        citation=rule.citation,
        numerator=answer.numerator,
        base=answer.base,
        headroom=answer.headroom,
        largest_quantity=answer.largest_quantity,
    )
