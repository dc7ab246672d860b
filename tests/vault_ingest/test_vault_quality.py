"""Quality checks, each on the bundled book with one thing made wrong."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.instruments import Security
from tests.vault_ingest.conftest import TODAY
from vault.book import Book, Closes
from vault.book_read import read_book
from vault.quality import findings

HARBOR_ACCOUNT = "Z41-200417"
KO = "US1912161007"


@pytest.fixture
def book(bundle) -> Book:
    return read_book(bundle, TODAY)


def new(before: Book, after: Book):
    """Findings of `after` that `before` has not: (account, check) pairs."""
    old = {(f.account_id, f.check) for f in findings(before)}
    return {(f.account_id, f.check) for f in findings(after)} - old


def with_close(book: Book, security_id: str, changes: dict[date, Decimal | None]) -> Book:
    closes = dict(book.closes.by_security[security_id])
    for day, close in changes.items():
        if close is None:
            del closes[day]
        else:
            closes[day] = close
    return replace(
        book, closes=Closes(by_security={**book.closes.by_security, security_id: closes})
    )


def with_day(book: Book, custodian: str, **changes) -> Book:
    days = tuple(
        replace(day, **{name: change(getattr(day, name)) for name, change in changes.items()})
        if day.custodian == custodian
        else day
        for day in book.custody.days
    )
    return replace(book, custody=replace(book.custody, days=days))


def holders(book: Book, security_id: str) -> set[str]:
    held = {lot.account_id for lot in book.ledger.lots if lot.security_id == security_id}
    wanted = {
        account.account_id
        for account in book.custody.accounts.values()
        if security_id in book.models[account.model_id].weights
    }
    return held | wanted


@pytest.mark.parametrize("factor", [Decimal("1.26"), Decimal("0.74")])
def test_a_jumping_price_stops_whoever_holds_or_wants_the_name(book, factor):
    before = book.closes.by_security[KO][date(2022, 11, 29)]

    found = new(book, with_close(book, KO, {TODAY: (before * factor).quantize(Decimal("0.01"))}))

    assert {check for _, check in found} == {"jumping_price"}
    assert {account for account, _ in found} >= holders(book, KO)


def test_a_large_move_within_the_limit_is_no_jump(book):
    before = book.closes.by_security[KO][date(2022, 11, 29)]

    assert new(book, with_close(book, KO, {TODAY: (before * Decimal("1.24"))})) == set()


def test_a_jump_that_a_second_close_confirms_is_a_price(book):
    jumped = {date(2022, 11, 29): Decimal(90), TODAY: Decimal(91)}

    assert new(book, with_close(book, KO, jumped)) == set()


def test_a_price_that_stands_still_is_stale(book):
    days = book.closes.days()[-6:]

    found = new(book, with_close(book, KO, dict.fromkeys(days, Decimal(62))))
    shorter = new(book, with_close(book, KO, dict.fromkeys(days[1:], Decimal(62))))

    assert {check for _, check in found} == {"stale_price"}
    assert shorter == set()


def test_a_price_may_be_three_weekdays_old_and_no_older(book):
    days = book.closes.days()
    three, four = (dict.fromkeys(days[-n:]) for n in (3, 4))

    assert {c for _, c in new(book, with_close(book, KO, three))} == {"incomplete_history"}
    assert {c for _, c in new(book, with_close(book, KO, four))} == {"stale_price"}


def test_a_gap_in_the_history_is_told(book):
    found = new(book, with_close(book, KO, {date(2021, 6, 1): None}))

    assert {check for _, check in found} == {"incomplete_history"}


def test_two_days_of_closes_stop_everybody_and_three_nobody(book):
    def last(count):
        days = book.closes.days()[-count:]
        short = {
            security_id: {day: closes[day] for day in days if day in closes}
            for security_id, closes in book.closes.by_security.items()
        }
        return replace(book, closes=Closes(by_security=short))

    two, three = (findings(last(count)) for count in (2, 3))

    assert {f.account_id for f in two if f.check == "short_history"} == set(book.custody.accounts)
    assert "short_history" not in {f.check for f in three}


def test_a_security_without_price_that_nobody_wants_stops_nobody(book):
    known = book.securities[KO]
    values = {name: getattr(known, name) for name in Security.__dataclass_fields__}
    other = Security(**{**values, "security_id": "US46432F3964", "cusip": "46432F396"})
    wider = replace(book, securities={**book.securities, other.security_id: other})

    assert new(book, wider) == {(None, "no_price")}


def test_a_negative_lot_is_found(book):
    def negate(lots):
        first = next(lot for lot in lots if lot.account_id == HARBOR_ACCOUNT)
        return tuple(replace(x, quantity=-x.quantity) if x is first else x for x in lots)

    found = new(book, with_day(book, "Harbor Trust", lots=negate))

    assert found == {(HARBOR_ACCOUNT, "negative_lot"), (HARBOR_ACCOUNT, "lots_do_not_add_up")}


def test_an_account_that_is_not_registered_is_found(book):
    def rename(rows):
        return tuple(replace(row, account_id="Z99-1") for row in rows[:1]) + rows

    found = new(book, with_day(book, "Harbor Trust", cash=rename))

    assert found == {("Z99-1", "unregistered_account")}


def test_an_account_without_cash_row_is_found(book):
    def drop(rows):
        return tuple(row for row in rows if row.account_id != HARBOR_ACCOUNT)

    found = new(book, with_day(book, "Harbor Trust", cash=drop))

    assert (HARBOR_ACCOUNT, "no_cash_reported") in found


def test_lots_without_their_file_of_positions_are_found(book):
    found = new(book, with_day(book, "Lakeside Custody", positions=lambda _: ()))

    assert {check for _, check in found} == {"lots_do_not_add_up", "ledger_disagrees"}


def test_a_cent_less_at_the_custodian_is_a_disagreement(book):
    def less(rows):
        return tuple(
            replace(r, amount=r.amount - Decimal("0.01")) if r.account_id == HARBOR_ACCOUNT else r
            for r in rows
        )

    changed = with_day(book, "Harbor Trust", cash=less)

    assert new(book, changed) == {(HARBOR_ACCOUNT, "ledger_disagrees")}
    (finding,) = [f for f in findings(changed) if f.account_id == HARBOR_ACCOUNT]
    ours = book.ledger.cash[HARBOR_ACCOUNT].quantize(Decimal("0.01"))
    assert finding.message.startswith(
        f"on 2022-11-29 Harbor Trust has {(ours - Decimal('0.01')).normalize():f} cash,"
    )


def test_a_model_that_is_gone_stops_its_accounts(book):
    models = {name: model for name, model in book.models.items() if name != "GROWTH"}
    accounts = {a.account_id for a in book.custody.accounts.values() if a.model_id == "GROWTH"}

    found = new(book, replace(book, models=models))

    assert found == {(account, "reference_missing") for account in accounts}


def test_a_week_without_prices_stops_everybody(book):
    later = replace(book, custody=replace(book.custody, as_of=TODAY + timedelta(days=7)))

    stale = {f.account_id for f in findings(later) if f.check == "stale_price"}

    assert stale == set(book.custody.accounts)
