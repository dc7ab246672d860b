"""The writer remembers which kill switches are set, and never one that was not committed."""

import pytest

from domain.runs import Kill
from tests.vault_storage.values import AT

FIRM = Kill(scope="firm", name="", by="anna", why="a drill", set_at=AT)


def active(vault):
    """As the writer knows it, and as anybody reads it, which is the same."""
    with vault.write() as uow:
        found = uow.kills.active()
    with vault.read() as view:
        assert view.kills.active() == found
    return found


def set_and_fail(uow):
    uow.kills.set(FIRM)
    assert uow.kills.active() == (FIRM,)
    raise ZeroDivisionError


def test_a_switch_is_set_until_it_is_lifted(vault):
    assert active(vault) == ()

    with vault.write() as uow:
        uow.kills.set(FIRM)
        assert uow.kills.active() == (FIRM,)
    assert active(vault) == (FIRM,)

    with vault.write() as uow:
        assert uow.kills.lift("firm", "", "ben", AT)
        assert uow.kills.active() == ()
    assert active(vault) == ()


def test_a_switch_that_was_taken_back_is_not_remembered(vault):
    assert active(vault) == ()

    with pytest.raises(ZeroDivisionError), vault.write() as uow:
        set_and_fail(uow)

    assert active(vault) == ()


def test_a_switch_of_a_savepoint_that_was_taken_back_is_not_remembered(vault):
    with vault.write() as uow:
        with pytest.raises(ZeroDivisionError), uow.savepoint():
            set_and_fail(uow)
        assert uow.kills.active() == ()

    assert active(vault) == ()


def test_nothing_may_wait_only_when_it_is_known(vault):
    """Before anything was read it is not known, and whoever asks has to look."""
    assert vault.may_wait("XSIM")

    with vault.write() as uow:
        assert uow.outbox.is_asked("A-1") is False

    assert not vault.may_wait("XSIM")
    with pytest.raises(ZeroDivisionError), vault.write():
        raise ZeroDivisionError
    assert vault.may_wait("XSIM")
