"""The last look: a switch that is thrown after a claim was committed stops what it holds."""

from contextlib import suppress
from decimal import Decimal

import pytest

from domain.order_states import apply
from domain.orders import ReplaceRequest
from domain.ports import StatusRequest
from domain.runs import Kill
from gateway.wiretext import value_of
from tests.gateway.bare import BareCore
from tests.gateway.desk import RealClock, cancel_in, intent, order_of, place


@pytest.fixture
def bare(tmp_path):
    """An order is out; a claim will hold a question about it, a change of it, and its cancel."""
    bare = BareCore(tmp_path)
    place(bare.vault, intent("T1"))
    bare.core.outbox.step()
    bare.seconds += 1
    yield bare
    bare.vault.close()


def kill(scope: str, name: str) -> Kill:
    return Kill(scope=scope, name=name, by="Ann", why="drill", set_at=RealClock().now())


def want_changes(bare):
    """In one transaction, so that one claim takes them all."""
    at = RealClock().now()
    with bare.vault.write() as uow:
        uow.outbox.queue("XSIM", StatusRequest(cl_ord_id="T1", requested_at=at), at)
        order = uow.orders.get("T1")
        change = ReplaceRequest(
            cl_ord_id="T1-R",
            orig_cl_ord_id="T1",
            requested_at=at,
            quantity=Decimal(300),
            limit_price=Decimal(191),
            why="dearer",
        )
        uow.orders.append(apply(order, change)[0], change, at)
        uow.outbox.queue("XSIM", change, at)


def throw_while_asking(bare, switch, *, is_answered=True):
    """Commit the switch while the claim's question, which exposes nothing, is handed over."""
    real = bare.engine.send

    def send(session, text):
        if value_of(text, 35) == "H":
            with suppress(OSError), bare.core.last_look.setting(switch):
                with bare.vault.write() as uow:
                    uow.kills.set(switch)
                if not is_answered:
                    raise OSError("disk I/O error")
        return real(session, text)

    bare.engine.send = send


def said(bare):
    return [value_of(text, 35) for text in bare.engine.sent]


@pytest.mark.parametrize(("scope", "name"), [("firm", ""), ("venue", "XSIM"), ("account", "A1")])
def test_a_change_does_not_leave_after_the_switch_that_stops_its_order(bare, scope, name):
    want_changes(bare)
    throw_while_asking(bare, kill(scope, name))
    bare.core.outbox.step()
    with bare.vault.write() as uow:
        cancel_in(uow, "T1")
    bare.core.outbox.step()

    assert said(bare) == ["D", "H", "F"]
    assert "message_withdrawn" in bare.evidence("T1-R")
    assert not order_of(bare.vault, "T1").is_closed


def test_a_switch_whose_commit_is_kept_and_not_answered_stops_what_was_claimed_before(bare):
    want_changes(bare)
    throw_while_asking(bare, kill("firm", ""), is_answered=False)
    bare.core.outbox.step()

    assert said(bare) == ["D", "H"]
    assert "message_withdrawn" in bare.evidence("T1-R")


def test_a_change_of_another_account_s_order_leaves(bare):
    want_changes(bare)
    throw_while_asking(bare, kill("account", "A2"))
    bare.core.outbox.step()

    assert said(bare) == ["D", "H", "G"]
