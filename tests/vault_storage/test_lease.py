"""One writer: a second is refused, a sleeper is fenced."""

from datetime import timedelta

import pytest

from domain.errors import TryAgainError
from tests.vault_storage.values import RUN, a_run
from vault.lease import DURATION, FencedError, LeaseHeldError

LONGER = DURATION.total_seconds() + 1


def test_a_second_instance_is_refused_and_told_by_whom(open_vault, clock):
    open_vault("service 4711").acquire()
    since = clock.now()
    clock.pass_by(5)

    with pytest.raises(LeaseHeldError, match=r"service 4711 .* 2026-03-02 14:30:00") as refusal:
        open_vault("trimtab approve").acquire()

    assert refusal.value.since == since
    assert isinstance(refusal.value, TryAgainError)


def test_readers_need_no_lease(open_vault):
    with open_vault("service").write() as uow:
        uow.runs.add(a_run())

    with open_vault("trimtab runs").read() as uow:
        assert uow.runs.get(RUN) == a_run()


def test_an_orderly_release_lets_the_next_one_in_at_once(open_vault):
    first = open_vault("first")
    first.acquire()
    first.close()

    second = open_vault("second")
    second.acquire()

    assert second._lease.epoch == 2


def test_a_sleeper_that_was_overtaken_can_change_nothing(open_vault, clock):
    """The process was stopped, the lease ran out, another took over with a higher epoch."""
    sleeper = open_vault("sleeper")
    with sleeper.write() as uow:
        uow.runs.add(a_run())
    clock.pass_by(LONGER)
    other = open_vault("other")
    other.acquire()

    with pytest.raises(FencedError, match="other took over"), sleeper.write():
        raise AssertionError("never entered")
    with pytest.raises(FencedError), sleeper.renew():
        raise AssertionError("never entered")

    with other.write() as uow:
        assert uow.runs.get(RUN) == a_run()


def test_a_fenced_vault_does_not_release_the_lease_of_the_other(open_vault, clock):
    sleeper, other = open_vault("sleeper"), open_vault("other")
    sleeper.acquire()
    clock.pass_by(LONGER)
    other.acquire()

    sleeper.close()

    with other.write():
        pass


def test_a_holder_that_renews_keeps_it(open_vault, clock):
    holder, other = open_vault("holder"), open_vault("other")
    holder.acquire()
    for _ in range(6):
        clock.pass_by(DURATION.total_seconds() / 2)
        holder.renew()

    with pytest.raises(LeaseHeldError):
        other.acquire()


def test_a_sleeper_that_nobody_overtook_goes_on(open_vault, clock):
    holder = open_vault("holder")
    holder.acquire()
    clock.pass_by(LONGER)

    with holder.write() as uow:
        uow.runs.add(a_run())


def test_a_dead_holder_is_followed_without_waiting(open_vault, clock):
    """A killed process drops its presence; its lease, not expired, does not keep others out."""
    dead = open_vault("dead")
    dead.acquire()
    dead._lease.drop()  # What the kernel or the server does when the process is gone.

    follower = open_vault("follower")
    follower.acquire()

    assert follower._lease.epoch == 2
    with pytest.raises(FencedError):
        dead.renew()


def test_a_clock_that_jumps_back_does_not_lock_out_the_holder(open_vault, clock):
    holder = open_vault("holder")
    holder.acquire()
    clock.pass_by(-timedelta(hours=1).total_seconds())

    with holder.write() as uow:
        uow.runs.add(a_run())


def test_a_renewal_that_was_taken_back_is_made_again(open_vault, clock):
    holder, other = open_vault("holder"), open_vault("other")
    holder.acquire()
    for _ in range(5):
        clock.pass_by(DURATION.total_seconds() / 2)
        with pytest.raises(ZeroDivisionError), holder.write():
            raise ZeroDivisionError
        holder.renew()

    with pytest.raises(LeaseHeldError):
        other.acquire()
