"""What waits for a copy is what is booked and not copied, over any restart."""

import gc
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain.orders import ExecType, ExecutionReport
from gateway.uncopied import Uncopied
from tests.vault_storage.values import a_report

TRADE = replace(a_report(), venue="XSIM")


class Booked:
    """Executions in the order of booking, as the store has them."""

    def __init__(self):
        self.orders = self
        self.rows = []

    def book(self, venue, exec_type):
        number = len(self.rows) + 1
        exec_id = f"E{number}"
        report = replace(TRADE, venue=venue, exec_id=exec_id, exec_type=exec_type)
        self.rows.append((number, report))
        return report

    def executions_after(self, venue, number, limit):
        found = [row for row in self.rows if row[0] > number and row[1].venue == venue]
        return tuple(found[:limit])


def key_of(report):
    return report.trade_date, report.exec_id


def waiting(uncopied):
    return {exec_id for _, exec_id in uncopied.overdue(1.0)}


events = st.one_of(
    st.tuples(st.just("book"), st.sampled_from(["XSIM", "YSIM"]), st.sampled_from(ExecType)),
    st.tuples(st.just("copy"), st.integers(0, 30)),
    st.tuples(st.just("restart")),
)


@given(st.lists(events, max_size=60))
def test_what_waits_is_what_is_booked_and_not_copied(history):
    store, uncopied, copied, fills = Booked(), Uncopied("XSIM"), set(), set()
    for event, *rest in history:
        if event == "book":
            report = store.book(*rest)
            kinds = (ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL)
            if report.venue == "XSIM" and report.exec_type in kinds:
                fills.add(report.exec_id)
            uncopied.follow(store, now=1.0)
        elif event == "copy":
            exec_id = f"E{rest[0]}"
            if exec_id in fills:
                copied.add(exec_id)
                uncopied.copied((TRADE.trade_date, exec_id))
        else:
            again = Uncopied("XSIM")
            again.start_at(store, uncopied.through, uncopied.ranges(), now=1.0)
            uncopied = again
        assert waiting(uncopied) == fills - copied


def test_a_long_outage_of_the_copies_is_one_range():
    store, uncopied = Booked(), Uncopied("XSIM")
    for number in range(600):
        store.book("YSIM" if number % 3 else "XSIM", ExecType.TRADE)
    uncopied.follow(store, now=1.0)

    assert uncopied.ranges() == [(1, 598)]


def test_an_execution_that_was_copied_before_it_was_booked_waits_for_nothing():
    store, uncopied = Booked(), Uncopied("XSIM")
    uncopied.told_before((date(2022, 11, 30), "other"))
    report = store.book("XSIM", ExecType.TRADE)
    uncopied.told_before(key_of(report))
    uncopied.follow(store, now=1.0)

    assert waiting(uncopied) == set()


def test_a_day_without_copies_keeps_no_reports_in_memory():
    store, uncopied = Booked(), Uncopied("XSIM")
    before = reports_in_memory()
    for _ in range(100):
        store.book("XSIM", ExecType.TRADE)
    uncopied.follow(store, now=1.0)

    store.rows.clear()

    assert reports_in_memory() == before
    assert len(uncopied.overdue(1.0)) == 100


def reports_in_memory():
    gc.collect()
    return sum(type(one) is ExecutionReport for one in gc.get_objects())
