"""The check: every rule in force, asked of every account that trades and of every block.

Passes are answers too and are stored: years later one must be able to show
what was asked, and with how much headroom.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from domain.compliance import CheckResult, Force, Verdict
from domain.orders import Order, OrderIntent
from domain.recommendations import Recommendation
from domain.snapshot import Snapshot
from oms.compliance.book import Book, MissingDataError, OrderDesk
from oms.compliance.largest import with_largest
from oms.compliance.rules import (
    AccountQuestion,
    AccountTest,
    Answer,
    FirmQuestion,
    FirmTest,
    OrderQuestion,
    OrderTest,
    Rule,
    Stage,
    WhenMissing,
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
        _asked(rule, question.account_id, partial(_of_account, test, question))
        for rule in _in_force(rules, book, Stage.PRE_TRADE)
        if isinstance(test := rule.test, AccountTest)
        for question in _questions(rule, book, book.trading_accounts(), Stage.PRE_TRADE)
    )
    return tuple(answer for answer in answers if answer is not None)


def check_orders(
    rules: Sequence[Rule],
    intents: Sequence[OrderIntent],
    snapshot: Snapshot,
    recent_orders: Sequence[Order],
    at: datetime,
    *,
    stage: Stage = Stage.PRE_TRADE,
) -> tuple[CheckResult, ...]:
    """Ask every rule about orders of every block; the subject is the ClOrdID."""
    book = Book(snapshot, (), at)
    desk = OrderDesk(book=book, batch=tuple(intents), earlier=tuple(recent_orders))
    answers = (
        _asked(rule, intent.cl_ord_id, partial(_of_order, rule, desk, intent))
        for rule in _in_force(rules, book, stage)
        if isinstance(rule.test, OrderTest)
        for intent in intents
    )
    return tuple(answer for answer in answers if answer is not None)


def check_portfolio(
    rules: Sequence[Rule], snapshot: Snapshot, at: datetime
) -> tuple[CheckResult, ...]:
    """Ask every rule about whole portfolios of every account, and of the firm as one."""
    book = Book(snapshot, (), at)
    found: list[CheckResult | None] = []
    for rule in _in_force(rules, book, Stage.PORTFOLIO):
        if isinstance(test := rule.test, AccountTest):
            found += [
                _asked(rule, question.account_id, partial(_of_account, test, question))
                for question in _questions(rule, book, book.accounts(), Stage.PORTFOLIO)
            ]
    return (*(answer for answer in found if answer is not None), *_firm(rules, book))


def check_firm(rules: Sequence[Rule], snapshot: Snapshot, at: datetime) -> tuple[CheckResult, ...]:
    """Ask the rules about the firm as one."""
    return tuple(_firm(rules, Book(snapshot, (), at)))


def check_pairs(
    pairs: Iterable[tuple[Rule, str]], snapshot: Snapshot, at: datetime
) -> tuple[CheckResult, ...]:
    """Ask some rules of some whole portfolios: what a sweep leaves open."""
    book = Book(snapshot, (), at)
    found = []
    for rule, account_id in pairs:
        assert isinstance(rule.test, AccountTest)
        question = AccountQuestion(
            rule=rule, book=book, account_id=account_id, stage=Stage.PORTFOLIO
        )
        found.append(_asked(rule, account_id, partial(_of_account, rule.test, question)))
    return tuple(answer for answer in found if answer is not None)


def _in_force(rules: Sequence[Rule], book: Book, *stages: Stage) -> tuple[Rule, ...]:
    asked = set(stages)
    return tuple(r for r in rules if asked & set(r.stage) and r.in_force(book.today))


def _questions(
    rule: Rule, book: Book, account_ids: Iterable[str], stage: Stage
) -> Iterator[AccountQuestion]:
    for account_id in account_ids:
        yield AccountQuestion(rule=rule, book=book, account_id=account_id, stage=stage)


def _of_account(test: AccountTest, question: AccountQuestion) -> Answer | None:
    rule, book = question.rule, question.book
    if not rule.applies_to(book.account_types(question.account_id)):
        return None
    answer = test.about_account(question)
    if answer is None or answer.verdict is Verdict.PASS:
        return answer
    if question.stage is Stage.PORTFOLIO:
        return _with_clock(rule, book, answer)
    return with_largest(question, test, answer)


def _of_order(rule: Rule, desk: OrderDesk, intent: OrderIntent) -> Answer | None:
    accounts = [allocation.account_id for allocation in intent.allocations]
    if not any(rule.applies_to(desk.book.account_types(account)) for account in accounts):
        return None
    assert isinstance(rule.test, OrderTest)
    return rule.test.about_order(OrderQuestion(rule=rule, desk=desk, intent=intent))


def _firm(rules: Sequence[Rule], book: Book) -> Iterator[CheckResult]:
    for rule in _in_force(rules, book, Stage.POST_TRADE, Stage.PORTFOLIO):
        if isinstance(rule.test, FirmTest):
            yield from _of_firm(rule, book)


def _of_firm(rule: Rule, book: Book) -> Iterator[CheckResult]:
    assert isinstance(rule.test, FirmTest)
    try:
        for subject, answer in rule.test.about_firm(FirmQuestion(rule=rule, book=book)):
            yield _result(rule, subject, answer)
    except MissingDataError as error:
        yield _result(rule, "firm", _cannot_tell(error))


def _with_clock(rule: Rule, book: Book, answer: Answer) -> Answer:
    """A portfolio breach starts the rule's cure clock."""
    if rule.cure is None or answer.due is not None:
        return answer
    due = rule.cure.due(book.trade_date, book.holidays())
    return replace(answer, due=due, sentence=f"{answer.sentence}; to be cured by {due}")


def _asked(rule: Rule, subject: str, ask: Callable[[], Answer | None]) -> CheckResult | None:
    try:
        answer = ask()
    except MissingDataError as error:
        answer = _cannot_tell(error)
    return None if answer is None else _result(rule, subject, answer)


def _cannot_tell(error: MissingDataError) -> Answer:
    return Answer(verdict=Verdict.CANNOT_TELL, sentence=f"cannot tell: {error.args[0]}")


def _result(rule: Rule, subject: str, answer: Answer) -> CheckResult:
    force = rule.force
    if answer.verdict is Verdict.CANNOT_TELL and rule.missing is WhenMissing.WARN:
        force = Force.SOFT
    return CheckResult(
        rule_id=rule.rule_id,
        rule_type=rule.rule_type,
        rule_version=rule.version,
        force=force,
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
        due=answer.due,
    )
