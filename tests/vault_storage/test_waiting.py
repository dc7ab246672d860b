"""What waits in the outbox as the writer knows it: cancels are found without looking at orders."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from domain.orders import CancelRequest
from domain.ports import OutboxMessage, StatusRequest
from tests.vault_storage.values import AT
from vault.journal import Journal
from vault.waiting import CANCELS, Waiting, WaitingChanges

VENUES = ("XSIM", "YSIM")
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["cancel", "question", "settle", "commit", "roll back"]),
        st.integers(0, 5),
    ),
    max_size=60,
)


@dataclass
class Naive:
    """The same as one list of what stands, and one of what this transaction has."""

    stands: list
    ours: list


def a_message(number, kind):
    name = f"{kind}-{number}"
    body = StatusRequest(cl_ord_id=name, requested_at=AT)
    if kind == "cancel":
        body = CancelRequest(cl_ord_id=name, orig_cl_ord_id="A-1", requested_at=AT, why="")
    return OutboxMessage(number=number, venue=VENUES[number % 2], body=body)


@given(acts=ACTS)
def test_cancels_are_those_of_all_that_waits(acts):
    waiting, naive = Waiting(), Naive([], [])
    waiting.is_known = True
    changes = WaitingChanges(waiting, Journal())
    for number, (act, which) in enumerate(acts, start=1):
        if act in ("cancel", "question"):
            changes.add(a_message(number, act))
            naive.ours.append(a_message(number, act))
        elif act == "settle" and naive.ours:
            changes.settle(naive.ours.pop(which % len(naive.ours)))
        elif act == "commit":
            changes.commit()
            naive.stands = list(naive.ours)
        if act in ("commit", "roll back"):
            changes = WaitingChanges(waiting, Journal())
            naive.ours = list(naive.stands)

        for venue in VENUES:
            wanted = [one for one in naive.ours if one.venue == venue]
            assert list(changes.of_venue(venue)) == wanted
            cancels = [one for one in wanted if isinstance(one.body, CANCELS)]
            assert list(changes.cancels_of(venue)) == cancels
