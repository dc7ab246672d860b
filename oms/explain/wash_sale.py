"""Wash sales in words: what may not be deducted, where it is, and which sales count otherwise."""

from collections.abc import Iterable, Iterator, Mapping

from domain.postings import Disallowance, Relief, Restatement, Transaction
from domain.sold import TOLD, told_parts
from ledger.positions import disallowed
from oms.wording import dollars, shares


def wash_sale_words(
    transactions: Iterable[Transaction], account_id: str, symbols: Mapping[str, str]
) -> Iterator[str]:
    """What the postings say of one account's losses, and of its sales that replaced others."""
    facts = tuple(transactions)
    for found in disallowed(facts):
        if found.account_id == account_id:
            yield _disallowed_words(found, symbols)
    for one in (found for transaction in facts for found in transaction.restated):
        if one.now.account_id == account_id:
            yield restated_words(one, symbols)


def restated_words(one: Restatement, symbols: Mapping[str, str]) -> str:
    """One sentence on shares of a sale that count otherwise than when they were sold."""
    name = symbols.get(one.now.security_id, one.now.security_id)
    return (
        f"Of {one.sale} {shares(one.now.quantity)} {name} count as {_result(one.now)} instead of "
        f"{_result(one.was)}: basis {dollars(one.now.basis)} instead of {dollars(one.was.basis)}, "
        f"held since {one.now.acquired} by what they took over [26 USC 1091(d), 1223(3)]."
    )


def _result(relief: Relief) -> str:
    what = "gain" if relief.gain >= 0 else "loss"
    return f"a {relief.term}-term {what} of {dollars(abs(relief.gain))}"


def _taker(found: Disallowance) -> str:
    if found.replacement.startswith(TOLD):
        account_id, _, day = told_parts(found.replacement)
        return f"the shares that {account_id}, which is held away, bought on {day}"
    return f"lot {found.taken_over_by or found.replacement}"


def _disallowed_words(found: Disallowance, symbols: Mapping[str, str]) -> str:
    name = symbols.get(found.security_id, found.security_id)
    of = f"{dollars(abs(found.loss))} on {shares(abs(found.quantity))} {name}"
    where = _taker(found)
    if found.loss < 0:
        return f"The loss of {of} is not in the basis of {where} any more."
    after = (
        "it is lost, for a retirement account bought them"
        if found.is_lost
        else f"it is in the basis of {where} now"
    )
    return (
        f"Of the losses {of} may not be deducted, for the shares were replaced within 30 days: "
        f"{after} [26 USC 1091]."
    )
