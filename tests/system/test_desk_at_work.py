"""Commands beside a running service: what reads reads, what changes goes through the API."""

import json
import sqlite3
from dataclasses import replace
from datetime import date

import pytest

from console.opening import open_service
from console.service_port import SplitWish
from domain.errors import BadInputError, ExitCode, UnknownNameError
from domain.runs import RunStatus
from tests.system.desk import ACCOUNTS, CLERK, FREE, OFFICER, Desk

pytestmark = pytest.mark.integration


def test_one_service_and_its_commands(book, tmp_path):
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.open_venues()
        desk.serve()

        second = desk.trimtab("serve", code=ExitCode.TRY_AGAIN)
        fired = desk.trimtab(
            "trigger", "month-end", "--account", ACCOUNTS[1], "--by", CLERK, "--json"
        )
        run = json.loads(fired.stdout)["run_id"].replace("-", "")
        for question in (
            "runs",
            "orders",
            "approvals",
            "breaches",
            "breaks",
            "audit verify",
            "status",
        ):
            desk.trimtab(*question.split())

        sentence = second.stderr.strip().splitlines()[-1]
        assert "is the writer since" in sentence
        assert "Traceback" not in second.stderr
        desk.end_well(run)


def test_years_later_the_same_words_whatever_the_rules_are_then(book, tmp_path):
    """What explains a run are its stored answers: no rule of today is asked again."""
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.open_venues()
        desk.serve()
        desk.end_well(desk.rebalance(ACCOUNTS[1]))
        told = desk.trimtab("explain", ACCOUNTS[1]).stdout

        (desk.directory / "rules.toml").write_text("", "utf-8")

        assert "passed" in told
        assert desk.trimtab("explain", ACCOUNTS[1]).stdout == told


def test_a_run_that_was_approved_while_no_service_ran_goes_on_at_the_next_start(book, tmp_path):
    with Desk(book, tmp_path / "desk", edits={"max_orders": "max_orders = 1"}) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance(ACCOUNTS[1])
        desk.until_run(run, RunStatus.AWAITING_APPROVAL)
        desk.terminate()

        desk.trimtab("approve", run, "--by", OFFICER)
        desk.serve()

        desk.end_well(run)


def test_a_parked_run_holds_nobody_up_and_leaves_the_account_alone_that_traded_since(
    book, tmp_path
):
    """Two accounts wait for a person; meanwhile drift rebalances one of them."""
    limits = {"max_orders": "max_orders = 500", "max_notional": "max_notional = 800_000"}
    with Desk(book, tmp_path / "desk", edits=limits) as desk:
        desk.open_venues()
        desk.serve()
        parked = desk.rebalance()
        desk.until_run(parked, RunStatus.AWAITING_APPROVAL)

        drift = desk.api.trigger("drift", ACCOUNTS[1:], CLERK).run_id.hex
        desk.until_run(drift, RunStatus.DONE)
        desk.api.approve(parked, OFFICER, "looked at it", [])

        stored, other = desk.end_well(parked, drift, breaks=("order_not_released",))
        assert other.breaks == ()
        traded = {a.account_id for o in stored.orders for a in o.intent.allocations}
        assert traded == set(ACCOUNTS[:1])
        twin = "for the same accounts was decided within"  # An order of that account alone.
        assert all(ACCOUNTS[1] in b.subject or twin in b.message for b in stored.breaks)


def test_a_halt_stops_what_is_new_and_takes_back_what_is_out(book, tmp_path):
    """WMT waits at XSIM when somebody halts the venue: nothing goes there any more."""
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.quote("XSIM", "WMT", "100.00")
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until(lambda: desk.orders_in("WMT", "new"), "at work")

        desk.trimtab("halt", "venue", "XSIM", "--by", "Rosa", "--why", "odd prices")
        sent = desk.sent_to("XSIM", run)
        desk.until_run(run, RunStatus.DONE)
        alone = desk.trimtab(
            "resume", "venue", "XSIM", "--by", "Rosa", "--why", "fine", code=ExitCode.BAD_DATA
        )
        desk.trimtab("resume", "venue", "XSIM", "--by", "Paul", "--why", "prices are fine")

        assert "ask a second person" in alone.stderr
        assert desk.api.kills() == ()
        (stored,) = desk.end_well(run, breaks=("not_fully_executed", "order_not_released"))
        assert desk.sent_to("XSIM", run) == sent
        assert all(order.is_closed for order in stored.orders)
        cut = {o.intent.cl_ord_id for o in stored.orders if o.cum_qty < o.order_qty}
        assert [o.intent.symbol for o in stored.orders if o.intent.cl_ord_id in cut] == ["WMT"]
        named = {found.subject: found for found in stored.breaks}
        assert named.keys() >= cut
        left_out = {subject for subject, b in named.items() if b.kind == "order_not_released"}
        assert left_out
        at_xsim = {one for one in left_out if "halted by Rosa: odd prices" in named[one].message}
        assert at_xsim
        asked_again = "not all of its sales were done, and now "
        assert all(asked_again in named[one].message for one in left_out - at_xsim)


def test_a_service_that_lost_its_lease_stops_and_says_why(book, tmp_path):
    """It slept, and another took over: it can write nothing, so it must not hold sessions."""
    with Desk(book, tmp_path / "desk") as desk:
        desk.open_venues()
        desk.serve()
        with sqlite3.connect(desk.directory / "state" / "trimtab.db") as other:
            other.execute("update writer_lease set epoch = epoch + 1, holder = 'another'")
        other.close()

        assert desk.service.wait() == ExitCode.TRY_AGAIN

        assert "another took over as the writer" in desk.log_tail()


def test_two_persons_split_what_everybody_holds(book, tmp_path):
    """With no service: who wishes holds the lease, and the same books come out."""
    wish = SplitWish(symbol="AAPL", new=4, old=1, day=date(2022, 12, 1))
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        with open_service(desk.config, write=True) as service:

            def holdings():
                held = [one for one in service.positions(None) if one.symbol == "AAPL"]
                return {one.account_id: (one.quantity, one.basis) for one in held}

            before = holdings()
            service.propose_split(wish, CLERK, "the company's notice")
            with pytest.raises(BadInputError, match="ask a second person"):
                service.agree_split(wish.symbol, wish.day, CLERK)
            assert holdings() == before
            service.agree_split(wish.symbol, wish.day, OFFICER)

            assert len(before) > 10
            assert holdings() == {
                name: (4 * shares, paid) for name, (shares, paid) in before.items()
            }
            with pytest.raises(UnknownNameError, match="the security master has no NOPE"):
                service.propose_split(replace(wish, symbol="NOPE"), CLERK, "a slip")
        desk.verify()
