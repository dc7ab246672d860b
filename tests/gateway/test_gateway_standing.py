"""The gate never opens on an old count of doubts."""

from domain.orders import OrdStatus
from gateway import doubts
from gateway.arrivals import Arrival, ArrivalKind
from gateway.standing import Standing
from tests.gateway.bare import SESSION, BareCore
from tests.gateway.desk import intent, order_of, place, settings_for


def test_a_count_from_before_a_doubt_does_not_open_the_gate():
    standing = Standing(["XSIM"])
    standing.asked("XSIM")
    before = standing.doubts("XSIM")

    standing.doubted("XSIM")
    standing.counted("XSIM", 0, before)

    assert not standing.is_sure("XSIM")
    standing.counted("XSIM", 0, standing.doubts("XSIM"))
    assert standing.is_sure("XSIM")


def test_the_gate_shuts_before_a_doubt_is_committed(tmp_path, monkeypatch):
    """A claim that begins right after the commit must already count."""
    bare = BareCore(tmp_path)
    place(bare.vault, intent("T1"))
    bare.core.outbox.step()
    bare.seconds += 1
    bare.core.outbox.step()
    assert order_of(bare.vault, "T1").sent
    assert bare.core.questions.is_gate_open("XSIM")
    seen = []
    recount = bare.core.questions.recount

    def look_then_recount(venue):
        seen.append(order_of(bare.vault, "T1").in_doubt)  # By a reader: what is committed.
        recount(venue)

    monkeypatch.setattr(bare.core.questions, "recount", look_then_recount)
    refused = Arrival(kind=ArrivalKind.REFUSED, session=SESSION, sequence=1, order="T1")
    assert bare.core.inbox.take([refused])

    assert seen == [False]
    assert order_of(bare.vault, "T1").in_doubt
    assert order_of(bare.vault, "T1").status is OrdStatus.INTENDED
    assert not bare.core.questions.is_gate_open("XSIM")
    bare.vault.close()


def test_a_doubt_that_comes_while_the_logon_s_questions_are_queued_shuts_the_gate(
    tmp_path, monkeypatch
):
    bare = BareCore(tmp_path)
    unresolved = doubts.unresolved

    def count_then_doubt(uow, venue):
        count = unresolved(uow, venue)
        bare.core.questions.recount(venue)  # As the inbox does before its commit.
        return count

    monkeypatch.setattr(doubts, "unresolved", count_then_doubt)
    bare.core.questions.ask_after_logon(settings_for(tmp_path, 1).profiles[0])

    assert not bare.core.questions.is_gate_open("XSIM")
    bare.vault.close()
