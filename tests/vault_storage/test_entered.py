"""What was entered lately is known without reading, and what is long ago is let go."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.entries import Recent
from tests.vault_storage.values import AT
from vault.entered import RecentOrders, Timeline

STEPS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=200)


def after(seconds):
    return AT + timedelta(seconds=seconds)


@given(steps=STEPS, window=st.integers(1, 60))
def test_a_timeline_answers_like_the_whole_list(steps, window):
    timeline, every, now = Timeline(), [], 0
    for passed, count in steps:
        now += passed
        at = after(now - window)
        timeline.know(at, lambda at=at: [one for one in every if one[0] >= at])
        for number in range(count):
            every.append((after(now), number))
            timeline.add(after(now), number)

        assert list(timeline.after(at)) == [item for time, item in every if time >= at]
        assert timeline.count(at) == len(timeline.after(at))


def test_what_nobody_asks_for_any_more_is_let_go():
    timeline = Timeline()
    timeline.know(AT, list)
    for second in range(100_000):
        timeline.add(after(second), second)
        if second % 100 == 0:
            timeline.know(after(second - 60), list)

    assert timeline.count(AT) < 5_000


def test_an_older_question_is_read():
    timeline = Timeline()
    timeline.know(AT, list)
    asked = []

    timeline.know(after(-1), lambda: asked.append("read") or [(after(-1), "older")])

    assert asked == ["read"]
    assert list(timeline.after(after(-1))) == ["older"]


@given(
    steps=st.lists(st.tuples(st.integers(-2, 30), st.sampled_from("abc")), max_size=60),
    window=st.integers(0, 60),
)
def test_the_newest_of_a_likeness_is_that_of_the_whole_list(steps, window):
    """Also when the clock is set back a little."""
    recent, every, now = RecentOrders(), [], 0
    recent.know(AT - timedelta(days=1), list)
    for number, (passed, likeness) in enumerate(steps):
        now += passed
        one = Recent(cl_ord_id=f"R-{number}", at=after(now), likeness=likeness)
        recent.add(one.at, one)
        every.append(one)

        since = after(now - window)
        for wanted in "abcd":
            alike = [one for one in every if one.likeness == wanted and one.at > since]
            newest = max(alike, key=lambda one: (one.at, every.index(one)), default=None)
            assert recent.twin(wanted, since) == (newest and newest.cl_ord_id)


def test_of_what_is_let_go_no_likeness_is_kept():
    recent = RecentOrders()
    recent.know(AT, list)
    for second in range(20_000):
        name = f"R-{second}"
        recent.add(after(second), Recent(cl_ord_id=name, at=after(second), likeness=name))
        recent.know(after(second - 60), list)

    assert len(recent._newest) == len(recent.after(AT)) < 5_000
    assert recent.twin("R-19999", after(19_998)) == "R-19999"
    assert recent.count_after(after(19_998)) == 1
