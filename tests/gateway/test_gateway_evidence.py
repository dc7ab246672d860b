"""What proves that an order never reached its venue is durable before the proof is gone."""

from datetime import timedelta

import pytest

from domain.errors import TryAgainError
from domain.orders import OrdStatus
from gateway.doubts import RESEND_REFUSED, note_never_stored
from gateway.wiretext import SOH
from tests.gateway.bare import SESSION, BareCore
from tests.gateway.desk import RealClock, intent, order_of, place

ASKED_AGAIN = f"8=FIX.4.4{SOH}35=D{SOH}34=7{SOH}43=Y{SOH}11=T1{SOH}10=000{SOH}"


@pytest.fixture
def bare(tmp_path):
    made = BareCore(tmp_path)
    yield made
    made.vault.close()


@pytest.fixture
def away(bare, monkeypatch):
    """Makes the database be away while a test says so."""

    def write():
        raise TryAgainError("database is locked")

    def begin():
        patch = pytest.MonkeyPatch()
        patch.setattr(bare.vault, "write", write)
        return patch

    return begin


def test_the_venue_s_wish_for_an_order_again_is_durable_before_its_gap_fill_leaves(bare):
    """A process that dies right after the gap fill must still know it: nobody asks twice."""
    assert not bare.callbacks.may_leave(ASKED_AGAIN, SESSION)

    assert bare.evidence("T1") == [RESEND_REFUSED]
    assert not bare.arrivals


def test_evidence_waits_for_a_database_that_is_away(bare, away):
    gone = away()
    assert not bare.callbacks.may_leave(ASKED_AGAIN, SESSION)
    gone.undo()

    assert bare.evidence("T1") == []
    assert bare.core.inbox.take(list(bare.arrivals))
    assert bare.evidence("T1") == [RESEND_REFUSED]


def test_what_the_engine_refused_is_unsent_although_the_database_was_away_just_then(bare, away):
    """Else it would be in doubt for ever: the venue never heard of it, and nothing proves that."""
    place(bare.vault, intent("T1"))
    gone = []

    def refuse(_session, _text):
        gone.append(away())
        return False

    bare.engine.send = refuse
    assert not bare.core.outbox.step()
    assert order_of(bare.vault, "T1").status is OrdStatus.INTENDED
    for patch in gone:
        patch.undo()
    bare.core.outbox.step()

    order = order_of(bare.vault, "T1")
    assert order.status is OrdStatus.UNSENT
    assert order.accidental


def test_a_message_whose_sending_failed_keeps_back_none_behind_it(bare, away):
    """Not even when the database does not take the doubt about the first one."""
    for name in ("T1", "T2"):
        place(bare.vault, intent(name))
    gone = []

    def fail_first(_session, text):
        if not gone:
            gone.append(away())
            raise OSError("broken pipe")
        gone[0].undo()
        bare.engine.sent.append(text)
        return True

    bare.engine.send = fail_first
    bare.core.outbox.step()

    assert len(bare.engine.sent) == 1
    assert order_of(bare.vault, "T2").sent


@pytest.mark.parametrize(("seconds", "proven"), [(-1, ("T1",)), (1, ())])
def test_a_store_proves_nothing_of_what_was_sent_before_it_began(bare, seconds, proven):
    """With a reset of its numbers the engine throws away what it had sent."""
    place(bare.vault, intent("T1"))
    bare.core.outbox.step()
    now = RealClock().now()

    with bare.vault.write() as uow:
        began_by = now + timedelta(seconds=seconds)
        found = note_never_stored(uow, "XSIM", (), began_by, now)

    assert found == proven
