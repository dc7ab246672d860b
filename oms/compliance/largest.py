"""The largest quantity that would pass: asked of the rule itself, share by share.

Where a rule type does not know it in closed form it is found by halving: less of a
purchase never makes a rule of this library worse.
"""

from dataclasses import replace
from decimal import Decimal

from domain.compliance import Verdict
from domain.orders import Side
from domain.recommendations import Recommendation
from oms.compliance.book import MissingDataError
from oms.compliance.rules import AccountQuestion, AccountTest, Answer


def with_largest(question: AccountQuestion, test: AccountTest, answer: Answer) -> Answer:
    """The answer with the most shares of the account's one purchase that would pass.

    Without it when there are several purchases among the names that matter: then
    no single one has a largest quantity of its own.
    """
    if answer.largest_quantity is not None or answer.verdict is not Verdict.BREACH:
        return answer
    trades = question.book.trades_of(question.account_id)
    bought = [trade for trade in trades if trade.side is Side.BUY]
    if answer.security_ids:
        bought = [trade for trade in bought if trade.security_id in answer.security_ids]
    if len(bought) != 1:
        return answer
    largest = _largest(question, test, bought[0])
    if largest is None:
        return answer
    passing = f"{largest:,f} of {bought[0].symbol}" if largest else f"none of {bought[0].symbol}"
    return replace(
        answer, largest_quantity=largest, sentence=f"{answer.sentence}; {passing} would pass"
    )


def _largest(question: AccountQuestion, test: AccountTest, trade: Recommendation) -> Decimal | None:
    low, high = 0, int(trade.quantity)
    if not _passes(question, test, trade, low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _passes(question, test, trade, middle):
            low = middle
        else:
            high = middle
    return Decimal(low)


def _passes(
    question: AccountQuestion, test: AccountTest, trade: Recommendation, quantity: int
) -> bool:
    others = [t for t in question.book.trades if t is not trade]
    if quantity:
        part = Decimal(quantity)
        cost = trade.expected_cost * part / trade.quantity
        others.append(
            replace(
                trade,
                quantity=part,
                notional=part * trade.reference_price,
                expected_cost=cost,
            )
        )
    asked = replace(question, book=question.book.with_trades(others))
    try:
        answer = test.about_account(asked)
    except MissingDataError:
        return False
    return answer is None or answer.verdict is Verdict.PASS
