"""A replace that is lost: proven void, or pending and asked about; never said twice."""

from decimal import Decimal
from itertools import pairwise

import pytest

from domain.orders import NeverReceived, OrdStatus
from domain.runs import Kill
from gateway.arrivals import Arrival, ArrivalKind
from gateway.changes import RECEIVED
from gateway.doubts import RESEND_REFUSED
from gateway.wiretext import message, value_of
from tests.gateway.bare import SESSION
from tests.gateway.change_desk import ACKNOWLEDGED, UNKNOWN, Desk
from tests.gateway.desk import RealClock, cancel, replace, reserved
from tests.gateway.test_gateway_settings import store_files


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.vault.close()


def questions(sent) -> list[tuple[str | None, str | None]]:
    """ClOrdID and OrderID of each status request."""
    return [(value_of(one, 11), value_of(one, 37)) for one in sent if value_of(one, 35) == "H"]


def test_a_replace_that_the_engine_does_not_take_is_void_and_frees_what_it_reserved(desk):
    replace(desk.vault, "T1", 200)
    desk.engine.takes = False
    before = desk.used()

    desk.core.outbox.step()

    assert (before, desk.used()) == (1000, 0)
    assert desk.order.status is OrdStatus.NEW
    assert (desk.order.order_qty, desk.pending) == (300, [])
    assert reserved(desk.vault, "T1") == 0
    assert desk.order.chain == ("T1", "T1.1")


def test_a_replace_that_a_kill_switch_keeps_back_is_void(desk):
    replace(desk.vault, "T1", 200)
    kill = Kill(scope="firm", name="", by="Ann", why="drill", set_at=RealClock().now())
    with desk.core.last_look.setting(kill), desk.vault.write() as uow:
        uow.kills.set(kill)

    sent = desk.step()

    assert [value_of(one, 35) for one in sent] == []
    assert (desk.pending, reserved(desk.vault, "T1")) == ([], 0)


def test_a_replace_that_was_asked_for_again_and_is_unknown_was_never_received(desk):
    replace(desk.vault, "T1", 200)
    desk.step()
    desk.asked_for_again("T1.1")

    assert questions(desk.step()) == [("T1.1", None)], "by OrderID the venue would tell of T1"
    desk.hear(UNKNOWN)

    assert (desk.order.order_qty, desk.pending, desk.order.in_doubt) == (300, [], False)
    assert reserved(desk.vault, "T1") == 0
    with desk.vault.read() as view:
        assert isinstance(view.orders.events("T1")[-1], NeverReceived)
    assert replace(desk.vault, "T1", 250) == "T1.2", "a ClOrdID is never used twice"


def test_a_venue_that_does_not_know_a_replace_proves_nothing_by_that(desk):
    """It may be on its way to the order, or the answer to it."""
    replace(desk.vault, "T1", 200)
    desk.step()

    desk.hear(UNKNOWN)

    assert desk.pending == ["T1.1"]
    assert not desk.order.in_doubt
    assert reserved(desk.vault, "T1") == 1000


def test_a_replace_that_was_asked_for_again_and_is_known_stays_pending(desk):
    """The venue lost its numbers, not the replace."""
    replace(desk.vault, "T1", 200)
    desk.step()
    desk.asked_for_again("T1.1")

    desk.hear({**ACKNOWLEDGED, 41: "T1.1", 150: "I", 39: "E"})

    assert (desk.order.status, desk.pending) == (OrdStatus.PENDING_REPLACE, ["T1.1"])


def test_what_a_later_replace_counts_on_stays_reserved(desk):
    replace(desk.vault, "T1", 200)
    replace(desk.vault, "T1", 250)
    desk.step()
    desk.asked_for_again("T1.1")

    desk.hear(UNKNOWN)

    assert desk.pending == ["T1.2"]
    assert reserved(desk.vault, "T1") == 2000


def test_an_answer_that_shows_a_replace_as_done_stands_for_the_replaced_that_never_came(desk):
    replace(desk.vault, "T1", 200)
    replace(desk.vault, "T1", 250, "190.30")
    desk.step()

    desk.hear({**ACKNOWLEDGED, 11: "T1.2", 150: "I", 38: "250", 151: "250", 44: "190.30"})

    order = desk.order
    assert (order.current, order.order_qty, order.limit_price) == ("T1.2", 250, Decimal("190.30"))
    assert desk.pending == []


def test_an_answer_of_the_old_terms_by_the_new_name_settles_nothing(desk):
    """Some venues repeat the ClOrdID that they were asked by."""
    replace(desk.vault, "T1", 200)
    desk.step()

    desk.hear({**ACKNOWLEDGED, 11: "T1.1", 150: "I"})

    assert (desk.order.current, desk.pending) == ("T1", ["T1.1"])


def test_a_replace_without_an_answer_is_asked_about_ever_more_patiently_and_told_once(desk):
    replace(desk.vault, "T1", 200)
    desk.step()
    asked = []

    for _ in range(70):
        desk.seconds += 1
        asked += [desk.seconds - 1000] * len(questions([*desk.step(), *desk.step()]))

    gaps = [after - before for before, after in pairwise(asked)]
    assert len(asked) >= 3
    assert all(after >= 2 * before for before, after in pairwise(gaps))
    assert [e["kind"] for e in desk.alarms] == ["change_unanswered"]


@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_an_answered_replace_is_not_asked_about(desk, is_acknowledged):
    replace(desk.vault, "T1", 200)
    desk.step()
    if is_acknowledged:
        desk.hear({**ACKNOWLEDGED, 11: "T1.1", 41: "T1", 150: "E", 39: "E"})
    desk.hear({**ACKNOWLEDGED, 11: "T1.1", 41: "T1", 150: "5", 38: "200", 151: "200"})

    desk.seconds += 100

    assert questions([*desk.step(), *desk.step()]) == []
    assert desk.alarms == []


def test_a_replace_that_is_only_pending_at_its_venue_is_asked_about(desk):
    replace(desk.vault, "T1", 200)
    desk.step()
    desk.hear({**ACKNOWLEDGED, 11: "T1.1", 41: "T1", 150: "E", 39: "E"})

    desk.seconds += 100

    assert questions([*desk.step(), *desk.step()]) == [("T1.1", None)]


def test_beside_a_cancel_a_replace_is_not_asked_about(desk):
    """The cancel's answer decides it, and a status would have the cancel said once more."""
    replace(desk.vault, "T1", 200)
    cancel(desk.vault, "T1")
    desk.step()

    desk.seconds += 100

    assert questions([*desk.step(), *desk.step()]) == []
    assert sorted(e["kind"] for e in desk.alarms) == ["change_unanswered"] * 2


def test_a_replace_whose_message_the_venue_refuses_is_void(desk):
    replace(desk.vault, "T1", 200)
    desk.step()
    reject = message("3", [(45, "9"), (372, "G"), (58, "no")])

    kind = ArrivalKind.REFUSED
    refusal = Arrival(kind=kind, session=SESSION, sequence=2, raw=reject, order="T1.1", note="no")
    assert desk.core.inbox.take([refusal])

    assert desk.pending == []
    assert desk.order.in_doubt, "what else it refuses is asked for"


def test_a_replace_that_counted_as_never_received_and_is_made_after_all_is_followed_and_told(desk):
    replace(desk.vault, "T1", 200)
    desk.step()
    desk.asked_for_again("T1.1")
    desk.hear(UNKNOWN)

    desk.hear({**ACKNOWLEDGED, 11: "T1.1", 41: "T1", 150: "5", 38: "200", 151: "200"})

    assert (desk.order.current, desk.order.order_qty) == ("T1.1", 200)
    assert [e["kind"] for e in desk.alarms] == [
        "change_not_received",
        "never_received_contradicted",
    ]


@pytest.mark.parametrize("end", ["4", "8", "C"])
def test_the_end_of_an_order_is_the_end_of_its_changes(desk, end):
    """No answer to them is waited for: what is left may go to another venue."""
    replace(desk.vault, "T1", 200)
    desk.step()

    desk.hear({**ACKNOWLEDGED, 150: end, 39: end, 151: "0"})

    assert desk.order.is_closed
    assert desk.pending == []


def logon(expected: int) -> str:
    return message("A", [(34, "9"), (789, str(expected))])


def resend_request(begin: int) -> str:
    return message("2", [(34, "9"), (7, str(begin)), (16, "0")])


def leaves(desk, number: int, text: str) -> bool:
    """Whether the engine may send a message of ours under this number."""
    numbered = text.replace("\x0111=", f"\x0134={number}\x0111=", 1)
    return bool(desk.callbacks.may_leave(numbered, SESSION))


@pytest.mark.parametrize("say", [logon, resend_request])
@pytest.mark.parametrize(("expected", "proven"), [(7, []), (8, [RECEIVED])])
def test_what_a_venue_expects_next_proves_which_replaces_it_has(desk, say, expected, proven):
    """The replace goes out as message 7."""
    replace(desk.vault, "T1", 200)
    [text] = desk.step()
    desk.callbacks.logon(SESSION)
    assert leaves(desk, 7, text)

    desk.callbacks.from_admin(say(expected), SESSION)
    desk.callbacks.from_admin(say(expected), SESSION)
    assert desk.core.inbox.take(list(desk.arrivals))

    assert desk.evidence("T1.1") == proven


def test_a_replace_that_its_venue_has_is_never_void_though_it_denies_it(desk):
    """A venue that lost its books after it had counted the replace may have made it."""
    replace(desk.vault, "T1", 200)
    [text] = desk.step()
    desk.callbacks.logon(SESSION)
    assert leaves(desk, 7, text)
    desk.callbacks.from_admin(logon(8), SESSION)
    assert desk.core.inbox.take(list(desk.arrivals))

    desk.asked_for_again("T1.1")
    desk.hear(UNKNOWN)
    desk.seconds += 100
    desk.step()

    assert desk.pending == ["T1.1"]
    assert [e["detail"].partition(", and ")[2] for e in desk.alarms] == ["counts it as received"]


def test_what_a_gap_fill_stood_for_was_not_received(desk):
    """The venue counts it all the same."""
    replace(desk.vault, "T1", 200)
    [text] = desk.step()
    desk.callbacks.logon(SESSION)
    assert leaves(desk, 7, text)

    assert not leaves(desk, 7, text.replace("\x0135=G\x01", "\x0135=G\x0143=Y\x01"))
    desk.callbacks.from_admin(resend_request(9), SESSION)
    assert desk.core.inbox.take(list(desk.arrivals))

    assert desk.evidence("T1.1") == [RESEND_REFUSED]


def test_a_number_of_before_a_reset_proves_nothing(desk):
    replace(desk.vault, "T1", 200)
    [text] = desk.step()
    desk.callbacks.logon(SESSION)
    assert leaves(desk, 7, text)

    desk.callbacks.counts_anew(SESSION)
    desk.callbacks.from_admin(logon(8), SESSION)

    assert [arrival.kind for arrival in desk.arrivals if arrival.order] == []


def test_a_replace_of_before_a_restart_is_proven_by_the_number_that_the_engine_kept(desk):
    replace(desk.vault, "T1", 200)
    [text] = desk.step()
    [session] = (one.session for one in desk.core.connections.values())
    numbered = text.replace("\x0111=", "\x0134=7\x0111=", 1)
    store_files(session, seqnums=b"8 : 2", body=numbered.encode())

    desk.core.prepare()
    desk.callbacks.from_admin(logon(8), SESSION)
    assert desk.core.inbox.take(list(desk.arrivals))

    assert desk.evidence("T1.1") == [RECEIVED]
