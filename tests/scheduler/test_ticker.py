"""The ticker on the real store: each due instant starts one run, whatever happens around it."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.codec import decode
from domain.errors import UnknownNameError
from domain.runs import Run, RunStatus, TriggerKind, Urgency
from scheduler.ticker import Ticker
from scheduler.triggers import from_table
from tests.optimizer.book import account, book_of, mandate
from vault.store import SqlVault

NOON = datetime(2022, 11, 30, 17, tzinfo=UTC)
DUE = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
MONTH_END = {
    "name": "month-end",
    "kind": "calendar",
    "calendar": "XNYS",
    "day": "last_business_day_of_month",
    "minutes_before_close": 15,
}
HOURLY = {"name": "hourly", "kind": "cron", "cron": "0 * * * *", "timezone": "UTC"}
DRIFT = {**HOURLY, "name": "drift", "kind": "drift"}


class HandClock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.present = now

    def now(self) -> datetime:
        return self.present


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def vault(new_sqlite_url, tmp_path):
    store = SqlVault(
        new_sqlite_url(), clock=RealClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    store.acquire()
    yield store
    store.close()


def ticker_of(vault, clock, *tables, started=None) -> Ticker:
    triggers = [from_table(table, where="test:1") for table in tables]
    return Ticker(vault, clock, triggers, (started if started is not None else []).append)


def runs_of(vault) -> tuple[Run, ...]:
    with vault.read() as view:
        return view.runs.recent(10_000)


def audit_of(vault, kind: str):
    with vault.read() as view:
        return [entry for entry in view.audit.entries() if entry.kind == kind]


def test_a_due_trigger_starts_one_run_and_says_so_in_the_audit(vault):
    clock, started = HandClock(), []
    ticker = ticker_of(vault, clock, MONTH_END, started=started)

    before = ticker.tick()
    clock.present = DUE + timedelta(seconds=2)
    (run_id,) = ticker.tick()
    after = ticker.tick()

    assert (before, after) == ((), ())
    assert started == [run_id]
    (run,) = runs_of(vault)
    assert (run.run_id, run.trigger, run.due) == (run_id, "month-end", DUE)
    assert (run.kind, run.status, run.account_ids) == (
        TriggerKind.CALENDAR,
        RunStatus.RUNNING,
        (),
    )
    assert [entry.subject for entry in audit_of(vault, "trigger_fired")] == [run_id.hex]


def test_a_restarted_ticker_does_not_fire_again(vault):
    clock = HandClock()
    first = ticker_of(vault, clock, MONTH_END)
    clock.present = DUE
    first.tick()

    clock.present = DUE + timedelta(minutes=1)
    assert ticker_of(vault, clock, MONTH_END).tick() == ()
    assert len(runs_of(vault)) == 1


def test_an_instant_that_passes_between_two_services_is_fired_though_none_was_before(vault):
    """The trigger's first due instant, and nothing ticked: the next service makes up for it."""
    clock = HandClock()
    ticker_of(vault, clock, MONTH_END).tick()
    clock.present = DUE + timedelta(minutes=5)

    (run_id,) = ticker_of(vault, clock, MONTH_END).tick()

    assert [(run.run_id, run.due) for run in runs_of(vault)] == [(run_id, DUE)]


def test_a_start_that_takes_long_misses_nothing(vault):
    """Due while the libraries loaded: the ticker looks from when the service began."""
    clock = HandClock(DUE + timedelta(seconds=9))
    triggers = [from_table(MONTH_END, where="test:1")]
    ticker = Ticker(vault, clock, triggers, lambda _run_id: None, since=DUE - timedelta(seconds=1))

    assert len(ticker.tick()) == 1


def test_a_trigger_fired_by_hand_is_still_due_at_its_time(vault):
    """By hand at the very second, and again while the service is down: neither stands for it."""
    clock = HandClock()
    ticker_of(vault, clock, MONTH_END).tick()
    clock.present = DUE + timedelta(milliseconds=300)
    ticker_of(vault, clock, MONTH_END).fire("month-end", ["A1"], by="anna")

    assert len(ticker_of(vault, clock, MONTH_END).tick()) == 1
    assert sorted(run.account_ids for run in runs_of(vault)) == [(), ("A1",)]


def test_of_many_missed_instants_the_newest_fires_and_the_others_are_on_record(vault):
    clock = HandClock()
    ticker = ticker_of(vault, clock, HOURLY)
    clock.present = NOON + timedelta(hours=5, minutes=10)

    ticker.tick()

    (run,) = runs_of(vault)
    assert run.due == NOON + timedelta(hours=5)
    (skipped,) = audit_of(vault, "triggers_skipped")
    assert decode(dict[str, object], skipped.body)["count"] == "4"


def test_what_was_missed_before_the_catch_up_stays_missed(vault):
    clock = HandClock()
    first = ticker_of(vault, clock, HOURLY)
    clock.present = NOON + timedelta(hours=1)
    first.tick()
    clock.present = NOON + timedelta(days=30, minutes=30)

    ticker_of(vault, clock, {**HOURLY, "catch_up_hours": 3}).tick()

    assert len(runs_of(vault)) == 2
    (skipped,) = audit_of(vault, "triggers_skipped")
    assert decode(dict[str, object], skipped.body)["count"] == "2"


def test_two_tickers_on_one_store_make_one_run_of_each_instant(vault):
    """Both see each instant as due at once; the store lets one of them have it."""
    clock, started = HandClock(), []
    tickers = [ticker_of(vault, clock, HOURLY, started=started) for _ in range(2)]
    instants = 40
    gate = threading.Barrier(3)

    def race(ticker: Ticker) -> None:
        for _ in range(instants):
            gate.wait(30)
            ticker.tick()
            gate.wait(30)

    threads = [threading.Thread(target=race, args=(ticker,)) for ticker in tickers]
    for thread in threads:
        thread.start()
    for number in range(instants):
        clock.present = NOON + timedelta(hours=number + 1)
        gate.wait(30)
        gate.wait(30)
    for thread in threads:
        thread.join(30)

    dues = sorted(run.due for run in runs_of(vault))
    assert dues == [NOON + timedelta(hours=number + 1) for number in range(instants)]
    assert sorted(started) == sorted(run.run_id for run in runs_of(vault))


def test_a_claim_whose_transaction_fails_is_claimed_again(vault, monkeypatch):
    """A crash between the claim and the run leaves neither."""
    clock = HandClock()
    ticker = ticker_of(vault, clock, MONTH_END)
    clock.present = DUE
    with monkeypatch.context() as patch:
        patch.setattr(Ticker, "_record", _out_of_disk)
        assert ticker.tick() == ()
        assert runs_of(vault) == ()

    assert len(ticker.tick()) == 1
    assert [run.due for run in runs_of(vault)] == [DUE]


def _out_of_disk(*_args, **_options):
    raise OSError("no space left")


def test_a_run_that_cannot_be_handed_over_is_still_on_record(vault):
    def refuse(_run_id):
        raise RuntimeError("no thread")

    clock = HandClock()
    ticker = Ticker(vault, clock, [from_table(MONTH_END, where="test:1")], refuse)
    clock.present = DUE

    assert len(ticker.tick()) == 1
    assert [run.status for run in runs_of(vault)] == [RunStatus.RUNNING]


def test_one_bad_trigger_does_not_stop_the_others(vault, monkeypatch):
    clock = HandClock()
    ticker = ticker_of(vault, clock, DRIFT, HOURLY)  # No book is ingested: drift has no snapshot.
    monkeypatch.setattr("scheduler.ticker.drifted", _out_of_disk)
    clock.present = NOON + timedelta(hours=1)

    ticker.tick()

    assert [run.trigger for run in runs_of(vault)] == ["hourly"]


@pytest.fixture
def drifting(vault, monkeypatch):
    """Puts a book before the drift trigger in place of the ingested one."""

    def put(snapshot) -> None:
        from vault.snapshot_store import SqlSnapshots  # noqa: PLC0415 - patched where it lives

        monkeypatch.setattr(SqlSnapshots, "take", lambda _store, _as_of: snapshot)

    return put


def test_a_drift_trigger_starts_a_run_of_the_accounts_that_drifted(vault, drifting):
    far, near = account("FAR"), account("NEAR", mandate_id="calm")
    snapshot = book_of(far, near)
    wide = mandate("calm", drift_absolute=Decimal(2), drift_relative=Decimal(1000))
    narrow = mandate(drift_absolute=Decimal("0.0001"))
    drifting(replace(snapshot, mandates=(wide, narrow)))
    clock = HandClock()
    ticker = ticker_of(vault, clock, DRIFT)
    clock.present = NOON + timedelta(hours=1)

    ticker.tick()

    (run,) = runs_of(vault)
    assert run.account_ids == ("FAR",)
    assert "holdings of 1 accounts drifted; account FAR holds" in run.why


def test_a_drift_trigger_that_finds_nothing_has_looked_and_starts_no_run(vault, drifting):
    snapshot = book_of(account("A1"))
    wide = mandate(drift_absolute=Decimal(2), drift_relative=Decimal(1000))
    drifting(replace(snapshot, mandates=(wide,)))
    clock = HandClock()
    ticker = ticker_of(vault, clock, DRIFT)
    clock.present = NOON + timedelta(hours=1)

    assert ticker.tick() == ()
    assert ticker.tick() == ()
    assert runs_of(vault) == ()
    assert len(audit_of(vault, "trigger_quiet")) == 1


def test_a_person_fires_a_trigger_for_some_accounts(vault):
    started = []
    ticker = ticker_of(vault, HandClock(), MONTH_END, started=started)

    run = ticker.fire("month-end", ["A1", "A2"], by="anna", urgency=Urgency.HIGH)

    assert started == [run.run_id]
    assert runs_of(vault) == (run,)
    assert (run.account_ids, run.why) == (("A1", "A2"), "anna fired month-end by hand")
    assert run.urgency is Urgency.HIGH
    assert [entry.actor for entry in audit_of(vault, "trigger_fired")] == ["anna"]


def test_firing_an_unknown_trigger_names_the_known_ones(vault):
    with pytest.raises(UnknownNameError, match="no trigger 'month-ned'; known: month-end"):
        ticker_of(vault, HandClock(), MONTH_END).fire("month-ned", [], by="anna")


def test_the_background_tick_fires_and_survives_a_failing_tick(vault, monkeypatch):
    """The clock fails at first; the thread lives on and the trigger still fires."""
    clock, fired = HandClock(), threading.Event()
    triggers = [from_table(MONTH_END, where="test:1")]
    ticker = Ticker(vault, clock, triggers, lambda _run_id: fired.set())
    clock.present = DUE
    failures = iter([True, True])
    tick = Ticker.tick

    def failing_at_first(self):
        if next(failures, False):
            raise RuntimeError("database is locked")
        return tick(self)

    monkeypatch.setattr(Ticker, "tick", failing_at_first)
    ticker.start(timedelta(milliseconds=20))
    try:
        assert fired.wait(20)
    finally:
        ticker.stop()
    assert len(runs_of(vault)) == 1
