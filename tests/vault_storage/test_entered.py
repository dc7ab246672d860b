"""What was entered lately is known without reading, and what is long ago is let go."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.vault_storage.values import AT
from vault.entered import Timeline

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
