"""A shut gate keeps back what is new, however much, and nothing else; and it looks at it once."""

from decimal import Decimal

import pytest

from domain.orders import OrdStatus, ReplaceRequest
from domain.ports import StatusRequest
from domain.runs import Kill
from gateway import outbox
from gateway.wiretext import value_of
from tests.gateway.bare import BareCore
from tests.gateway.desk import RealClock, intent, order_of

MANY = 3 * outbox._WINDOW


@pytest.fixture
def bare(tmp_path):
    """One order is in doubt and asked about, and many new ones wait."""
    bare = BareCore(tmp_path)
    queue(bare, ["T0"])
    step(bare)
    bare.core.questions.doubt("T0", "nobody knows")
    step(bare)
    queue(bare, [f"N{number}" for number in range(MANY)])
    yield bare
    bare.vault.close()


def queue(bare, names):
    with bare.vault.write() as uow:
        for name in names:
            uow.orders.add(intent(name))
            uow.outbox.queue("XSIM", intent(name), RealClock().now())


def step(bare):
    bare.seconds += 1
    assert bare.core.outbox.step()


def sent(bare, kind):
    return [value_of(text, 11) for text in bare.engine.sent if value_of(text, 35) == kind]


def waiting(bare):
    with bare.vault.read() as view:
        return [one.body.cl_ord_id for one in view.outbox.waiting("XSIM", 2 * MANY)]


def kill(bare, scope, name):
    with bare.vault.write() as uow:
        at = RealClock().now()
        uow.kills.set(Kill(scope=scope, name=name, by="Ann", why="drill", set_at=at))


def test_a_question_behind_all_of_them_is_asked(bare):
    with bare.vault.write() as uow:
        again = StatusRequest(cl_ord_id="T0", requested_at=RealClock().now())
        uow.outbox.queue("XSIM", again, RealClock().now())
    step(bare)

    assert sent(bare, "H") == ["T0", "T0"]
    assert sent(bare, "D") == ["T0"]
    assert len(waiting(bare)) == MANY


def test_a_question_behind_many_changes_of_unsent_orders_is_asked(bare):
    """Else the gate, which opens with its answer, would stay shut for ever."""
    at = RealClock().now()
    with bare.vault.write() as uow:
        for number in range(MANY):
            name, price = f"N{number}", Decimal(189)
            change = ReplaceRequest(
                cl_ord_id=f"{name}-R",
                orig_cl_ord_id=name,
                requested_at=at,
                quantity=Decimal(300),
                limit_price=price,
                why="cheaper",
            )
            uow.outbox.queue("XSIM", change, at)
        uow.outbox.queue("XSIM", StatusRequest(cl_ord_id="T0", requested_at=at), at)
    step(bare)

    assert sent(bare, "H") == ["T0", "T0"]
    assert sent(bare, "G") == []


def test_a_kill_takes_back_all_of_them_at_once(bare):
    step(bare)
    kill(bare, "firm", "")
    step(bare)

    assert waiting(bare) == []
    assert order_of(bare.vault, f"N{MANY - 1}").status is OrdStatus.UNSENT
    assert order_of(bare.vault, "T0").in_doubt


def test_they_are_judged_once_for_each_switch_that_is_thrown(bare, monkeypatch):
    step(bare)
    judged = []
    real = outbox.judge

    def counted(body, *rest, **more):
        judged.append(body.cl_ord_id)
        return real(body, *rest, **more)

    monkeypatch.setattr(outbox, "judge", counted)
    kill(bare, "account", "somebody-else")
    for _ in range(5):
        step(bare)

    assert len(judged) == len(set(judged)) == MANY
    assert len(waiting(bare)) == MANY
