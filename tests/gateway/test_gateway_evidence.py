"""What proves that an order never reached its venue is durable before the proof is gone."""

from collections import deque

import pytest
import structlog

from domain.errors import TryAgainError
from gateway.core import Core
from gateway.doubts import RESEND_REFUSED
from gateway.wiretext import SOH
from tests.gateway.desk import OrderSink, RealClock, open_vault, settings_for

SESSION = "FIX.4.4:TRIMTAB->XSIM"
ASKED_AGAIN = f"8=FIX.4.4{SOH}35=D{SOH}34=7{SOH}43=Y{SOH}11=T1{SOH}10=000{SOH}"


class Wired:
    """The core with nothing under it; what it queues waits here."""

    def __init__(self, directory) -> None:
        self.vault = open_vault(directory)
        self.arrivals = deque()
        self.core = Core(
            self.vault,
            OrderSink(),
            RealClock(),
            settings_for(directory, 1),
            structlog.wrap_logger(structlog.PrintLogger(), processors=[self._drop]),
            monotonic=lambda: 0.0,
            engine=self._under,
            deliver=self.arrivals.append,
            wake=lambda: None,
            pause=lambda _seconds: False,
        )
        self.core.inbox.start({SESSION: 0})

    def _under(self, callbacks):
        self.callbacks = callbacks

    def _drop(self, _logger, _method, _event):
        raise structlog.DropEvent

    def evidence(self):
        with self.vault.read() as uow:
            return [entry.kind for entry in uow.audit.about("T1")]


@pytest.fixture
def wired(tmp_path):
    made = Wired(tmp_path)
    yield made
    made.vault.close()


def test_the_venue_s_wish_for_an_order_again_is_durable_before_its_gap_fill_leaves(wired):
    """A process that dies right after the gap fill must still know it: nobody asks twice."""
    assert not wired.callbacks.may_leave(ASKED_AGAIN, SESSION)

    assert wired.evidence() == [RESEND_REFUSED]
    assert not wired.arrivals


def test_evidence_waits_for_a_database_that_is_away(wired, monkeypatch):
    def away():
        raise TryAgainError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(wired.vault, "write", away)
        assert not wired.callbacks.may_leave(ASKED_AGAIN, SESSION)

    assert wired.evidence() == []
    assert wired.core.inbox.take(list(wired.arrivals))
    assert wired.evidence() == [RESEND_REFUSED]
