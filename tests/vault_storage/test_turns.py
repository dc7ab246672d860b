"""The writer's lock goes round: nobody is overtaken."""

import threading
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from vault.turns import Turns


def test_whoever_waits_gets_it_before_whoever_comes_back():
    turns, order = Turns(), []

    def other():
        with turns:
            order.append("other")

    thread = threading.Thread(target=other)
    with turns:
        thread.start()
        while not turns._waiting:
            pass
    with turns:
        order.append("back")
    thread.join()

    assert order == ["other", "back"]


def test_they_come_in_the_order_in_which_they_asked():
    turns, order = Turns(), []

    def one(name):
        with turns:
            order.append(name)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(5)]
    with turns:
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < number:
                pass
    for thread in threads:
        thread.join()

    assert order == list(range(5))


@given(threads=st.integers(2, 5), rounds=st.integers(1, 30))
@settings(max_examples=20)
def test_one_at_a_time(threads, rounds):
    turns, inside, most = Turns(), [], []

    def work():
        for _ in range(rounds):
            with turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(most) == threads * rounds
    assert set(most) == {1}


def test_an_error_inside_passes_it_on():
    turns, reached = Turns(), []
    with suppress(ZeroDivisionError), turns:
        reached.append(1 / 0)

    with turns:
        reached.append("after")

    assert reached == ["after"]
