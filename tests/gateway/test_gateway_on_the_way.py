"""On the way: what is claimed by the transaction that queues it, and what becomes of it then."""

import sqlite3
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from domain.errors import TryAgainError
from domain.order_states import apply
from domain.orders import DoubtRaised, OrdStatus
from domain.runs import Kill
from gateway.claims import Claim
from gateway.on_the_way import Departure, OnTheWay
from gateway.wiretext import value_of
from tests.gateway.bare import SESSION, BareCore
from tests.gateway.desk import RealClock, cancel, intent, order_of, place, replace


@pytest.fixture
def bare(tmp_path):
    """Logged on, everything asked, nothing in doubt."""
    bare = BareCore(tmp_path, throttle=3)
    bare.core.outbox.step()
    bare.seconds += 1
    yield bare
    bare.vault.close()


def sent(bare) -> list[str]:
    return [value_of(text, 11) for text in bare.engine.sent]


def waiting(bare) -> int:
    with bare.vault.read() as view:
        return len(view.outbox.waiting("XSIM", 10))


def test_an_order_is_marked_by_the_commit_of_its_intent_and_sent_once(bare):
    place(bare.vault, intent("T1"))
    assert order_of(bare.vault, "T1").sent
    assert waiting(bare) == 0
    assert sent(bare) == []

    bare.core.outbox.step()
    bare.core.outbox.step()
    assert sent(bare) == ["T1"]


def test_a_transaction_that_is_undone_takes_its_claim_along(bare):
    with pytest.raises(ZeroDivisionError), bare.vault.write() as uow:  # noqa: PT012 - the block is what raises
        uow.orders.add(intent("T1"))
        uow.outbox.queue("XSIM", intent("T1"), RealClock().now())
        raise ZeroDivisionError
    bare.core.outbox.step()

    assert sent(bare) == []


def test_what_is_committed_and_not_acknowledged_does_not_leave(bare, monkeypatch):
    def full(_upto):
        raise TryAgainError("the anchor's disk is full")

    monkeypatch.setattr(bare.vault, "_settle", full)
    with pytest.raises(TryAgainError):
        place(bare.vault, intent("T1"))
    monkeypatch.undo()
    bare.core.outbox.step()

    assert sent(bare) == []
    assert order_of(bare.vault, "T1").status is OrdStatus.UNSENT


def test_a_switch_that_is_thrown_before_it_leaves_keeps_it_back(bare):
    place(bare.vault, intent("T1"))
    switch = Kill(scope="firm", name="", by="Ann", why="drill", set_at=RealClock().now())
    with bare.core.last_look.setting(switch), bare.vault.write() as uow:
        uow.kills.set(switch)
    bare.core.outbox.step()

    assert sent(bare) == []
    assert order_of(bare.vault, "T1").status is OrdStatus.UNSENT


def test_a_cancel_does_not_overtake_its_order(bare):
    place(bare.vault, intent("T1"))
    cancel(bare.vault, "T1")
    bare.core.outbox.step()

    assert sent(bare) == ["T1", "T1-C"]


def test_a_session_that_began_anew_meanwhile_does_not_get_it(bare):
    """The venue may ask for what it missed: an order in that range would be gap-filled away."""
    place(bare.vault, intent("T1"))
    bare.seconds += 0.1
    bare.callbacks.logon(SESSION)
    bare.core.outbox.step()

    assert sent(bare) == []
    assert order_of(bare.vault, "T1").status is OrdStatus.UNSENT


def test_a_process_that_stood_still_sends_nothing_stale(bare):
    place(bare.vault, intent("T1"))
    bare.seconds += 60
    bare.core.outbox.step()

    assert sent(bare) == []
    assert order_of(bare.vault, "T1").status is OrdStatus.UNSENT


def test_a_stop_declares_it_unsent(bare):
    place(bare.vault, intent("T1"))
    bare.core.outbox.halt()
    bare.core.outbox.step()

    assert sent(bare) == []
    assert order_of(bare.vault, "T1").status is OrdStatus.UNSENT


def test_nothing_is_claimed_while_an_order_is_in_doubt(bare):
    place(bare.vault, intent("T1"))
    bare.core.outbox.step()
    doubt = DoubtRaised(cl_ord_id="T1", at=RealClock().now(), why="no answer")
    with bare.vault.write() as uow:
        order, _ = apply(uow.orders.get("T1"), doubt)
        uow.orders.append(order, doubt, doubt.at)
    bare.core.questions.recount("XSIM")
    place(bare.vault, intent("T2"))
    bare.core.outbox.step()

    assert not order_of(bare.vault, "T2").sent
    assert sent(bare) == ["T1"]


def test_the_throttle_counts_what_is_on_the_way(bare):
    for name in ("T1", "T2", "T3", "T4", "T5"):
        place(bare.vault, intent(name))

    assert [order_of(bare.vault, f"T{n}").sent for n in range(1, 6)] == [True] * 3 + [False] * 2
    bare.core.outbox.step()
    assert sent(bare) == ["T1", "T2", "T3"]
    bare.seconds += 1
    bare.core.outbox.step()
    assert sent(bare) == ["T1", "T2", "T3", "T4", "T5"]


def test_who_comes_later_waits_for_the_commit_before(bare):
    """Two threads commit; the second is told first, and its cancel stays behind the order."""
    way, profile = OnTheWay(), bare.core._settings.profiles[0]
    order, change = (Departure(profile, Claim(seen=0), 0.0) for _ in range(2))
    way.begin(order)
    way.begin(change)
    way.decided([change], stands=True)
    assert way.first() is None

    threading.Timer(0.05, way.decided, [[order]], {"stands": True}).start()

    assert way.first(until=change) is order
    way.gone(order)
    assert way.first(until=change) is change


@contextmanager
def sick_disk(vault):
    """No transaction can be committed, and each says so."""

    def refuse(_connection):
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    event.listen(vault._writer, "commit", refuse)
    try:
        yield
    finally:
        event.remove(vault._writer, "commit", refuse)


def test_a_name_whose_transaction_failed_may_be_given_again_and_is_sent_once(bare):
    with sick_disk(bare.vault), pytest.raises(TryAgainError):
        place(bare.vault, intent("T1"))
    place(bare.vault, intent("T1"))
    bare.core.outbox.step()
    bare.core.outbox.step()

    assert sent(bare) == ["T1"]
    assert order_of(bare.vault, "T1").status is OrdStatus.INTENDED
    assert bare.alarms == []


def test_a_replace_whose_transaction_failed_may_be_asked_for_again(bare):
    place(bare.vault, intent("T1"))
    bare.core.outbox.step()
    with sick_disk(bare.vault), pytest.raises(TryAgainError):
        replace(bare.vault, "T1", quantity=5)
    replace(bare.vault, "T1", quantity=7)
    bare.core.outbox.step()
    bare.core.outbox.step()

    assert sent(bare) == ["T1", "T1.1"]
    assert [one.cl_ord_id for one in order_of(bare.vault, "T1").pending] == ["T1.1"]
    assert bare.alarms == []
