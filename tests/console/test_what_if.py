"""`trimtab explain ACCOUNT --without RULE`: two answers side by side, on the run's own snapshot."""

from dataclasses import replace
from decimal import Decimal

import pytest

from console.what_if import without
from domain.errors import BadInputError, UnknownNameError
from domain.snapshot import Finding
from tests.optimizer.book import account, book_of, mandate


@pytest.fixture(scope="module")
def snapshot():
    capped = mandate(turnover_maximum=Decimal("0.15"))
    return replace(book_of(account("A1"), account("B2"), seed=2), mandates=(capped,))


def test_both_answers_are_told_with_the_trades_of_the_second(snapshot):
    telling = without(snapshot, "A1", "turnover")

    text = "\n".join(telling.lines)
    assert text.startswith("Account A1, answered again on the snapshot of 2022-11-30\n\nAs it is\n")
    assert Decimal(telling.facts["with"]["turnover"]) <= Decimal("0.15")
    assert Decimal(telling.facts["without"]["turnover"]) > Decimal("0.15")
    assert len(telling.facts["without"]["trades"]) == text.count("held against a target")


def test_a_rule_that_is_not_there_is_refused(snapshot):
    with pytest.raises(UnknownNameError, match="has no rule 'vegan'"):
        without(snapshot, "A1", "vegan")


def test_an_account_in_quarantine_has_no_answer_to_compare(snapshot):
    bad = Finding(check="no_price", account_id="A1", message="no price", source=None)

    with pytest.raises(BadInputError, match="in quarantine"):
        without(replace(snapshot, findings=(bad,)), "A1", "turnover")
