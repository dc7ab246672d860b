"""What brokers are told of a block's accounts, and what is made of their reports."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allocation_chain import in_force
from domain.allocations import (
    AllocatedPart,
    AllocationAck,
    AllocationAnswer,
    AllocationInstruction,
    AllocationMode,
    AllocationReport,
    AllocationSent,
    AllocationWithdrawn,
    AllocRejCode,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.orders import ExecType, OrdStatus, Side, TimeInForce
from domain.venue_ways import VenueWays
from oms.allocated import allocated
from oms.allocation_reports import AllocationConflictError, differences
from oms.booking import Booking
from oms.cancel import cancel
from oms.doubts import raise_doubts
from oms.instructing import announce
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    NOW,
    fill,
    go_out,
    intent,
    lot,
    open_books,
    report,
    snapshot,
)

HOLDINGS = (lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000"))
BOOK = snapshot(HOLDINGS, {"A1": "50000", "A2": "50000", "A3": "50000"})
NAME = "R-0001"
SHARES = tuple(
    AllocatedPart(account_id=account, quantity=Decimal(shares))
    for account, shares in {"A1": 70, "A2": 31, "A3": 39}.items()
)


class Desk:
    """One block at a broker of a given mode."""

    def __init__(
        self,
        vault,
        side=Side.BUY,
        parts=None,
        mode=AllocationMode.AFTER,
        *,
        daily=False,
        stays=False,
    ) -> None:
        self.vault = vault
        self.ways = {"XSIM": VenueWays(allocations=mode, daily_allocations=daily)}
        self.sink = Booking(self.ways)
        target = intent(NAME, side, AAPL, parts or {"A1": 70, "A2": 31, "A3": 39})
        if daily or stays:
            target = replace(target, time_in_force=TimeInForce.GTC)
        open_books(vault, BOOK)
        with vault.write() as uow:
            uow.orders.add(target)
            announce(uow, target, self.ways, NOW)
            go_out(uow, NAME)
        self.take(report(self.order, ExecType.NEW, OrdStatus.NEW))

    @property
    def order(self):
        with self.vault.read() as view:
            return view.orders.get(NAME)

    def take(self, message) -> list[str]:
        with self.vault.write() as uow:
            return [alarm.kind for alarm in self.sink.apply(uow, message, NOW)]

    def fill(self, *numbers: object, day=DAY) -> None:
        self.take(fill(self.order, *numbers, trade_date=day))

    def end(self) -> None:
        self.take(report(self.order, ExecType.CANCELED, OrdStatus.CANCELED))

    def bust(self, exec_id: str, number: str) -> None:
        order = self.order
        old = next(one for one in order.fills if one.exec_id == exec_id)
        self.take(
            report(
                order,
                ExecType.TRADE_CANCEL,
                OrdStatus.CANCELED,
                exec_id=number,
                exec_ref_id=exec_id,
                cum_qty=order.cum_qty - old.quantity,
            )
        )

    def facts(self, kind: type = object) -> list:
        with self.vault.read() as view:
            return [one for one in view.allocations.of_order(NAME) if isinstance(one, kind)]

    def parts(self):
        with self.vault.read() as view:
            return allocated(self.order.intent, view.ledger.of_order(NAME))

    def says(self, **changes: object) -> AllocationReport:
        """The broker's report, agreeing with our books unless told otherwise."""
        order = self.order
        usual = AllocationReport(
            venue="XSIM",
            report_id="XSIM-A1",
            transaction=AllocTransType.NEW,
            alloc_id="XSIM-A1",
            cl_ord_id=NAME,
            symbol=order.intent.symbol,
            side=order.intent.side.value,
            quantity=order.cum_qty,
            average_price=(order.gross / order.cum_qty).quantize(Decimal("0.000001")),
            trade_date=DAY,
            parts=self.parts(),
            transact_time=NOW,
        )
        return replace(usual, **changes)

    def queued(self, kind: type) -> list:
        with self.vault.read() as view:
            return [
                one.body for one in view.outbox.waiting("XSIM", 99) if isinstance(one.body, kind)
            ]

    def breaks(self) -> list[str]:
        with self.vault.read() as view:
            return [found.kind for found in view.findings.breaks()]


def test_nothing_is_told_where_the_profile_does_not_say_so(vault):
    desk = Desk(vault, mode=AllocationMode.NONE)

    desk.fill("E1", 140, "148")

    assert desk.facts() == []
    assert desk.queued(AllocationInstruction) == []


@pytest.mark.parametrize("difference", [0, 1])
def test_a_broker_that_reports_unasked_before_the_end_is_answered_at_the_end(vault, difference):
    """Its profile says nothing of allocations: a few brokers report all the same."""
    desk = Desk(vault, mode=AllocationMode.NONE)
    desk.sink = Booking()
    desk.fill("E1", 100, "148")
    with vault.write() as uow:
        assert not uow.allocations.has_reports("XSIM")
    early = replace(desk.says(), quantity=Decimal(140 + difference), parts=SHARES)

    desk.take(early)
    assert desk.facts(AllocationAnswer) == []
    desk.fill("E2", 40, "148")

    with vault.read() as view:
        assert view.allocations.has_reports("XSIM")
        assert not view.allocations.has_reports("XOTHER")
    [answer] = desk.facts(AllocationAnswer)
    assert answer.status is (AllocStatus.BLOCK_REJECTED if difference else AllocStatus.ACCEPTED)
    assert desk.queued(AllocationAnswer) == [answer]
    assert desk.breaks() == ["allocation_differs"] * difference


def test_the_preliminary_instruction_is_what_was_written_before_the_order(vault):
    desk = Desk(vault, mode=AllocationMode.BEFORE)

    [one] = desk.queued(AllocationInstruction)

    shares = [(part.account_id, part.quantity, part.net_money) for part in one.parts]
    assert shares == [("A1", 70, None), ("A2", 31, None), ("A3", 39, None)]
    assert (one.kind, one.average_price) == (AllocType.PRELIMINARY, None)
    desk.fill("E1", 140, "148")
    assert desk.queued(AllocationInstruction) == [one]


def test_a_rejected_preliminary_instruction_is_made_good_after_the_block(vault):
    desk = Desk(vault, mode=AllocationMode.BEFORE)
    with vault.write() as uow:
        no = AllocationAck(
            venue="XSIM",
            alloc_id=f"{NAME}-A1",
            status=AllocStatus.BLOCK_REJECTED,
            transact_time=NOW,
        )
        uow.allocations.append(NAME, no, NOW)

    desk.fill("E1", 140, "148")

    assert [one.kind for one in desk.facts(AllocationInstruction)] == [
        AllocType.PRELIMINARY,
        AllocType.CALCULATED,
    ]


def test_a_block_that_got_nothing_takes_its_preliminary_instruction_back(vault):
    desk = Desk(vault, mode=AllocationMode.BEFORE)

    desk.end()
    desk.take(report(desk.order, ExecType.CANCELED, OrdStatus.CANCELED))

    first, second = desk.facts(AllocationInstruction)
    assert (second.transaction, second.refers_to) == (AllocTransType.CANCEL, first.alloc_id)
    assert (second.kind, second.precedes_its_order) == (AllocType.PRELIMINARY, False)


def unsent(vault, *, has_left: bool) -> tuple:
    """A block of which the preliminary instruction has left, or not, and its order has not."""
    ways = {"XSIM": VenueWays(allocations=AllocationMode.BEFORE)}
    target = intent(NAME, Side.BUY, AAPL, {"A1": 7})
    with vault.write() as uow:
        uow.orders.add(target)
        announce(uow, target, ways, NOW)
        uow.outbox.queue("XSIM", target, NOW)
        if has_left:
            [first, _] = uow.outbox.waiting("XSIM", 9)
            uow.outbox.mark_handed([first.number], NOW)
            gone = AllocationSent(alloc_id=f"{NAME}-A1", order=NAME, venue="XSIM", sent_at=NOW)
            uow.allocations.append(NAME, gone, NOW)
        cancel(uow, uow.orders.get(NAME), at=NOW, why="a test")
    with vault.read() as view:
        assert view.orders.get(NAME).status is OrdStatus.UNSENT
        waiting = [message.body for message in view.outbox.waiting("XSIM", 9)]
        return waiting, view.allocations.of_order(NAME)


def test_what_was_said_of_an_order_that_dies_unsent_is_cancelled(vault):
    waiting, facts = unsent(vault, has_left=True)

    [undoing] = waiting
    assert (undoing.transaction, undoing.refers_to) == (AllocTransType.CANCEL, f"{NAME}-A1")
    assert undoing == facts[-1]


def test_what_was_not_said_yet_of_it_is_withdrawn(vault):
    waiting, facts = unsent(vault, has_left=False)

    assert waiting == []
    assert isinstance(facts[-1], AllocationWithdrawn)


def test_a_restart_takes_back_what_was_said_of_orders_that_never_left(vault):
    with vault.write() as uow:
        uow.orders.add(intent(NAME, Side.BUY, AAPL, {"A1": 7}))
        ways = {"XSIM": VenueWays(allocations=AllocationMode.BEFORE)}
        announce(uow, uow.orders.get(NAME).intent, ways, NOW)
        uow.outbox.queue("XSIM", uow.orders.get(NAME).intent, NOW)
        raise_doubts(uow, NOW)

    with vault.read() as view:
        assert view.outbox.waiting("XSIM", 9) == ()
        assert isinstance(view.allocations.of_order(NAME)[-1], AllocationWithdrawn)


def test_a_late_fill_after_that_is_told(vault):
    desk = Desk(vault, mode=AllocationMode.BEFORE)
    desk.end()

    desk.fill("E1", 10, "148")

    assert [one.kind for one in desk.facts(AllocationInstruction)][-1] is AllocType.CALCULATED
    assert in_force(desk.facts()).parts == desk.parts()


def test_a_bust_of_everything_takes_the_instruction_back(vault):
    desk = Desk(vault)
    desk.fill("E1", 40, "148")
    desk.end()

    desk.bust("E1", "E2")

    first, second = desk.facts(AllocationInstruction)
    assert (second.transaction, second.refers_to) == (AllocTransType.CANCEL, first.alloc_id)
    assert in_force(desk.facts()) is None


def test_a_bust_of_everything_takes_back_what_was_said_before_and_after_it(vault):
    """The broker divided otherwise, so it has what was wished and what was given."""
    desk = Desk(vault, mode=AllocationMode.BEFORE)
    desk.fill("E1", 40, "148")
    desk.end()
    desk.take(desk.says(quantity=Decimal(39), parts=()))

    desk.bust("E1", "E2")

    told = [(one.kind, one.transaction) for one in desk.facts(AllocationInstruction)]
    assert sorted(told) == [
        (AllocType.CALCULATED, AllocTransType.NEW),
        (AllocType.CALCULATED, AllocTransType.CANCEL),
        (AllocType.PRELIMINARY, AllocTransType.NEW),
        (AllocType.PRELIMINARY, AllocTransType.CANCEL),
    ]
    assert desk.queued(AllocationInstruction) == desk.facts(AllocationInstruction)


def test_a_report_before_the_end_waits_for_it(vault):
    desk = Desk(vault, mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 100, "148")
    early = desk.says(quantity=Decimal(140), average_price=Decimal(148), parts=())

    desk.take(early)
    assert desk.facts(AllocationAnswer) == []
    desk.fill("E2", 40, "148")

    [answer] = desk.facts(AllocationAnswer)
    assert (answer.report_id, answer.status) == (early.report_id, AllocStatus.BLOCK_REJECTED)


def test_a_report_that_agrees_is_accepted_once(vault):
    desk = Desk(vault, mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 140, "148.01", "0.42")

    assert [desk.take(desk.says()), desk.take(desk.says())] == [[], []]

    [answer] = desk.queued(AllocationAnswer)
    assert (answer.status, answer.code) == (AllocStatus.ACCEPTED, None)
    assert desk.breaks() == []


def test_the_same_report_id_with_other_content_is_kept_aside(vault):
    desk = Desk(vault, mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 140, "148")
    desk.take(desk.says())

    with pytest.raises(AllocationConflictError, match="XSIM-A1 of XSIM came before"):
        desk.take(desk.says(average_price=Decimal(149)))


def test_a_report_on_an_order_that_is_not_ours_is_refused(vault):
    desk = Desk(vault, mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 140, "148")

    assert desk.take(desk.says(cl_ord_id="OTHER")) == ["unknown_allocation"]

    [answer] = desk.queued(AllocationAnswer)
    assert answer.code is AllocRejCode.UNKNOWN_CL_ORD_ID


def test_a_cancelled_report_is_taken_as_it_is(vault):
    desk = Desk(vault, mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 140, "148")

    desk.take(desk.says(transaction=AllocTransType.CANCEL, parts=(), quantity=Decimal(1)))

    assert desk.queued(AllocationAnswer)[0].status is AllocStatus.ACCEPTED


def of_a_day(desk: Desk, day: date, shares: int, price: str = "148") -> AllocationReport:
    """A broker's report of one day, for the only account of the block."""
    parts = (AllocatedPart(account_id="A1", quantity=Decimal(shares)),)
    return AllocationReport(
        venue="XSIM",
        report_id=f"XSIM-{day}-{shares}",
        transaction=AllocTransType.NEW,
        alloc_id=f"XSIM-{day}",
        cl_ord_id=NAME,
        symbol=desk.order.intent.symbol,
        side=desk.order.intent.side.value,
        quantity=Decimal(shares),
        average_price=Decimal(price),
        trade_date=day,
        parts=parts,
        transact_time=NOW,
    )


def answers(desk: Desk) -> dict[str, AllocStatus]:
    return {one.report_id: one.status for one in desk.facts(AllocationAnswer)}


NEXT_DAY = DAY + timedelta(days=1)
ACCEPTED, REFUSED = AllocStatus.ACCEPTED, AllocStatus.BLOCK_REJECTED


@pytest.mark.parametrize("daily", [True, False])
def test_a_days_report_of_an_order_that_goes_on_is_held_to_that_days_fills(vault, daily):
    """It waits for the day's end, as a fill may come yet, and not for the order's."""
    mode = AllocationMode.AFTER if daily else AllocationMode.ON_ORDER
    desk = Desk(vault, parts={"A1": 140}, mode=mode, daily=daily, stays=True)
    desk.take(of_a_day(desk, DAY, 60))
    desk.fill("E1", 60, "148")
    before = answers(desk)

    desk.fill("E2", 30, "147.5", day=NEXT_DAY)
    desk.take(of_a_day(desk, NEXT_DAY, 30, "147.5"))
    after = answers(desk)
    desk.end()

    assert (before, after) == ({}, {f"XSIM-{DAY}-60": ACCEPTED})
    assert answers(desk) == {f"XSIM-{DAY}-60": ACCEPTED, f"XSIM-{NEXT_DAY}-30": ACCEPTED}
    assert desk.breaks() == []


def test_a_days_report_with_other_shares_is_refused_with_that_days_figures(vault):
    desk = Desk(vault, parts={"A1": 140}, stays=True)
    desk.fill("E1", 60, "148")
    desk.fill("E2", 30, "147.5", day=NEXT_DAY)

    assert desk.take(of_a_day(desk, DAY, 59)) == ["allocation_differs"]

    [answer] = desk.queued(AllocationAnswer)
    assert answer.status is REFUSED
    assert answer.text == "shares: ours 60, yours 59; shares of A1: ours 60, yours 59"
    with vault.read() as view:
        [found] = view.findings.breaks()
    assert found.message.startswith(f"what {NAME} filled on {DAY} is allocated with shares 60")


def test_a_report_of_all_days_of_an_ended_order_is_held_to_all_of_it(vault):
    """One that names a day without fills, or another number of shares, is not."""
    desk = Desk(vault, parts={"A1": 140}, stays=True)
    desk.fill("E1", 60, "148")
    desk.fill("E2", 20, "147", day=NEXT_DAY)
    desk.end()

    desk.take(of_a_day(desk, NEXT_DAY, 80, "147.75"))
    desk.take(of_a_day(desk, NEXT_DAY, 20, "147"))
    desk.take(of_a_day(desk, NEXT_DAY + timedelta(days=1), 60))

    assert list(answers(desk).values()) == [ACCEPTED, ACCEPTED, REFUSED]


def part(account: str, shares: int, commission: str | None = "0.14") -> AllocatedPart:
    fee = None if commission is None else Decimal(commission)
    return AllocatedPart(account_id=account, quantity=Decimal(shares), commission=fee)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "KO"}, AllocRejCode.MISMATCHED_DATA),
        ({"side": "2"}, AllocRejCode.MISMATCHED_DATA),
        ({"quantity": Decimal(139)}, AllocRejCode.INCORRECT_QUANTITY),
        ({"average_price": Decimal("148.0002")}, AllocRejCode.INCORRECT_AVERAGE_PRICE),
        ({"parts": (part("A1", 140, None),)}, AllocRejCode.INCORRECT_ALLOCATED_QUANTITY),
        (
            {"parts": (part("A1", 70), part("A2", 31), part("XX", 39))},
            AllocRejCode.UNKNOWN_ACCOUNT,
        ),
        (
            {"parts": (part("A1", 70, "0.16"), part("A2", 31, "0.14"), part("A3", 39, "0.12"))},
            AllocRejCode.COMMISSION_DIFFERENCE,
        ),
        (
            {"parts": (part("A1", 70, "0.22"), part("A2", 31, "0.10"), part("A3", 39, "0.11"))},
            AllocRejCode.COMMISSION_DIFFERENCE,
        ),
    ],
)
def test_each_difference_has_its_code(change, code):
    desk = Desk(MemoryVault(), mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 140, "148", "0.42")

    found = list(differences(desk.says(**change), desk.order, desk.parts()))

    assert found[0].code is code
    assert found[0].ours != found[0].theirs


def test_a_cent_of_an_accounts_commission_may_be_rounded_the_other_way():
    desk = Desk(MemoryVault(), mode=AllocationMode.ON_ORDER)
    desk.fill("E1", 140, "148", "0.42")
    ours = {one.account_id: one.commission for one in desk.parts()}
    assert ours == {"A1": Decimal("0.21"), "A2": Decimal("0.09"), "A3": Decimal("0.12")}

    other = (part("A1", 70, "0.20"), part("A2", 31, "0.10"), part("A3", 39, "0.12"))
    found = list(differences(desk.says(parts=other), desk.order, desk.parts()))

    assert found == []


@given(
    st.sampled_from([Side.BUY, Side.SELL]),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(1, 30), st.integers(14000, 15500), st.integers(0, 200)
        ),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.integers(0, 4), max_size=3),
)
def test_the_days_of_a_good_till_order_add_up_to_what_the_ledger_gave(side, fills, busts):
    """Each day to the share and the cent, whatever is filled and then taken back."""
    parts = {"A1": 100, "A2": 50} if side is Side.SELL else {"A1": 70, "A2": 80}
    desk = Desk(MemoryVault(), side, parts, daily=True)
    for number, (day, quantity, cents, fee) in enumerate(sorted(fills)):
        price, cost = str(Decimal(cents) / 100), str(Decimal(fee) / 100)
        desk.fill(f"E{number}", quantity, price, cost, day=DAY + timedelta(days=day))
    if not desk.order.is_closed:
        desk.end()
    for number, which in enumerate(busts):
        if desk.order.fills:
            standing = desk.order.fills
            desk.bust(standing[which % len(standing)].exec_id, f"B{number}")

    order, facts = desk.order, desk.facts()
    days = {fill.trade_date for fill in order.fills}
    told = {one.day for one in facts if isinstance(one, AllocationInstruction)}
    assert days <= told
    shares, sign = {}, 1 if side is Side.BUY else -1
    for day in told:
        mine = [fill for fill in order.fills if fill.trade_date == day]
        one = in_force(facts, day)
        assert (one is None) == (not mine)
        if one is None:
            continue
        gross = sum(fill.quantity * fill.price for fill in mine)
        fees = sum(fill.commission for fill in mine)
        assert one.quantity == sum(fill.quantity for fill in mine)
        assert sum(part.commission for part in one.parts) == fees
        assert sum(part.net_money for part in one.parts) == gross + sign * fees
        for part in one.parts:
            shares[part.account_id] = shares.get(part.account_id, 0) + part.quantity
    assert shares == {part.account_id: part.quantity for part in desk.parts()}


steps = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "fill", "bust", "end"]),
        st.integers(1, 60),
        st.integers(14000, 15500),
        st.integers(0, 200),
    ),
    max_size=8,
)


@given(st.sampled_from([Side.BUY, Side.SELL]), steps)
def test_what_the_broker_has_is_what_the_ledger_gave(side, day):
    """To the share and the cent, whatever is filled and busted; and no AllocID comes twice."""
    parts = {"A1": 100, "A2": 40} if side is Side.SELL else None
    desk = Desk(MemoryVault(), side, parts)
    for number, (what, quantity, cents, fee) in enumerate(day):
        order = desk.order
        room = int(order.intent.quantity - order.cum_qty)
        if what == "fill" and room and not order.is_closed:
            price = str(Decimal(cents) / 100)
            desk.fill(f"E{number}", min(quantity, room), price, str(Decimal(fee) / 100))
        elif what == "end" and not order.is_closed:
            desk.end()
        elif what == "bust" and order.fills and order.status is OrdStatus.CANCELED:
            desk.bust(order.fills[quantity % len(order.fills)].exec_id, f"E{number}")

    order, told = desk.order, desk.facts(AllocationInstruction)
    standing = in_force(desk.facts())
    names = [one.alloc_id for one in told]
    assert len(set(names)) == len(names)
    if not order.is_closed or not order.cum_qty:
        assert standing is None
        return
    sign = 1 if side is Side.BUY else -1
    assert standing.parts == desk.parts()
    assert sum(one.quantity for one in standing.parts) == standing.quantity == order.cum_qty
    assert sum(one.commission for one in standing.parts) == order.commission
    paid = sum(one.net_money for one in standing.parts)
    assert paid == order.gross + sign * order.commission
