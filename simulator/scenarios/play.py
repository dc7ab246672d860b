"""One play of a script with one client: where it stands, and what happens next.

A message of the client's that comes before its turn waits for it. A venue's message that
crosses one of the client's is said when that arrives, before it is read.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from simulator.scenarios.cast import Cast
from simulator.scenarios.clerk import Clerk
from simulator.scenarios.expecting import (
    OrderRequest,
    expectation,
    message_of,
    mismatch,
)
from simulator.scenarios.line import Change, Line
from simulator.scenarios.saying import say
from simulator.scenarios.script import ClientStep, Event, Script, Step, VenueStep
from simulator.scenarios.words import NEW_ORDER, STATUS, name_of
from simulator.values.messages import CancelRejected, Message, Report
from simulator.values.numbers import whole_number
from simulator.values.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder
from simulator.values.words import ExecType, OrdStatus, TimeInForce

_STAY_OPEN = {TimeInForce.GTC, TimeInForce.GTD}
_LONGEST_EVIDENCE = 200


class Tempo(NamedTuple):
    """How fast the venue plays."""

    pace: timedelta  # Between two steps of the venue.
    night: timedelta | None  # Between two days; None waits for an operator.


@dataclass(slots=True)
class Play:
    """The state of one play."""

    number: int
    script: Script
    cast: Cast
    tempo: Tempo
    began: datetime
    place: int = 0
    day: int = 1
    due: datetime | None = None
    waits_for_morning: bool = False
    early: list[OrderRequest] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    ended: datetime | None = None
    abandoned: bool = False
    left_alone: bool = False  # Its client has gone since; it may be back.

    @property
    def step(self) -> Step | None:
        """What comes next; None after the end."""
        steps = self.script.steps
        return steps[self.place] if self.place < len(steps) and not self.ended else None

    @property
    def verdict(self) -> str:
        """How it went; empty while it goes on."""
        name = self.script.id
        if self.abandoned:
            return f"{name} abandoned {self.stands}"
        if self.ended is None:
            return ""
        if self.deviations:
            more = f" (and {len(self.deviations) - 1} more)" if len(self.deviations) > 1 else ""
            return f"{name} not certified: {self.deviations[0]}{more}"
        measure = "the standard" if self.script.fix else "the script"
        return f"{name} certified: every message was as {measure} says"

    @property
    def stands(self) -> str:
        """Where it stands, for a person."""
        steps = self.script.steps
        if self.place >= len(steps):
            return "at its end"
        step = steps[self.place]
        at = (
            f"at t{step.t}" if self.script.steps[-1].day == 1 else f"on day {step.day} at t{step.t}"
        )
        if isinstance(step, ClientStep):
            return f"{at}: the client must send {expectation(step, self.cast)}"
        if self.waits_for_morning:
            return f"{at}: waits for the next day"
        if isinstance(step, Event):
            return f"{at}: {step.happens}"
        return f"{at}: the venue will say {step.says}"

    @property
    def listens(self) -> bool:
        """Whether its next message of the client's need not name an order of this play."""
        step = self._next_of_client()
        return self.ended is None and step is not None and step.message in {NEW_ORDER, STATUS}

    @property
    def may_begin_anew(self) -> bool:
        """Whether an order that repeats a ClOrdID of this play begins another one."""
        return self.ended is not None or self.left_alone

    def abandon(self, at: datetime) -> None:
        """End it without a verdict of its client's."""
        self.abandoned, self.ended, self.due = True, at, None

    def lines(self) -> list[Line]:
        """The orders of this play, each once."""
        return list({line.order_id: line for line in self.cast.lines.values()}.values())

    def line_of(self, cl_ord_id: str) -> Line | None:
        """The order that had this ClOrdID."""
        letters = [letter for letter, name in self.cast.ids.items() if name == cl_ord_id]
        return next((self.cast.lines[one] for one in letters if one in self.cast.lines), None)

    def awaited(self, request: OrderRequest) -> ClientStep | None:
        """The step that this request is for; None when the script does not foresee it."""
        step = self._next_of_client()
        if step is None or self.ended or mismatch(step, self.cast, request):
            return None
        return step

    def offer(
        self, request: OrderRequest, step: ClientStep, clerk: Clerk, at: datetime
    ) -> list[Message]:
        """Take an awaited request, now or at its turn."""
        self.cast.ids.setdefault(step.text("ClOrdID"), request.cl_ord_id)
        if isinstance(request, CancelOrder | ReplaceOrder):
            self.cast.ids.setdefault(step.text("OrigClOrdID"), request.orig_cl_ord_id)
        self.cast.asked[step.text("ClOrdID")] = request
        self.early.append(request)
        self._note(at, f"received {message_of(request)} {request.cl_ord_id}")
        return self._read_early(clerk, at)

    def deviate(self, request: OrderRequest, at: datetime) -> str:
        """Keep in mind what was not foreseen; returns what to tell the client."""
        step = self._next_of_client()
        was = message_of(request)
        if step is None:
            why = f"{was} {request.cl_ord_id} was not foreseen"
        else:
            why = (
                f"t{step.t} expected {expectation(step, self.cast)}; "
                f"{mismatch(step, self.cast, request) or f'this was {was}'}"
            )
        self.deviations.append(why)
        self._note(at, f"not foreseen: {was} {request.cl_ord_id}")
        return f"{self.script.id} {why}"

    def happen(self, clerk: Clerk, at: datetime) -> list[Message]:
        """The step that is due."""
        step = self.step
        assert step is not None
        assert not isinstance(step, ClientStep)
        self.waits_for_morning = False
        self._turn_day(step)
        said: list[Message] = []
        if isinstance(step, VenueStep):
            said.append(self._say(step, clerk, at))
        else:
            self._note(at, f"happened: {step.happens}")
            self.place += 1
        self.schedule(at)
        return said + self._read_early(clerk, at)

    def schedule(self, at: datetime) -> None:
        """When the next step happens, if it is the venue's; the end, if there is none."""
        self.due = None
        if self.place >= len(self.script.steps):
            self.ended = self.ended or at
        step = self.step
        if step is None or isinstance(step, ClientStep):
            return
        if step.day > self.day:
            self.waits_for_morning = self.tempo.night is None
            self.due = None if self.tempo.night is None else at + self.tempo.night
            return
        after = step.after if isinstance(step, VenueStep) else Decimal(1)
        self.due = at + self.tempo.pace * float(after)

    def take_call(self, order: NewOrder, clerk: Clerk, at: datetime) -> None:
        """An order by telephone: it has no ClOrdID."""
        self.cast.lines[""] = self.new_line(order._replace(cl_ord_id=""), clerk)
        self._note(at, f"called with an order for {order.quantity}")
        self.schedule(at)

    def _next_of_client(self) -> ClientStep | None:
        """Of the client's steps that come, the one after those that wait for their turn."""
        coming = [s for s in self.script.steps[self.place :] if isinstance(s, ClientStep)]
        return coming[len(self.early)] if len(coming) > len(self.early) else None

    def _read_early(self, clerk: Clerk, at: datetime) -> list[Message]:
        said: list[Message] = []
        while self.early and isinstance(step := self.step, ClientStep):
            request = self.early.pop(0)
            self._turn_day(step)
            self.place += 1
            while isinstance(crossing := self.step, VenueStep) and crossing.crosses:
                said.append(self._say(crossing, clerk, at))
            self._read(request, step, clerk)
            self.schedule(at)
        return said

    def _read(self, request: OrderRequest, step: ClientStep, clerk: Clerk) -> None:
        """What a request changes by being read."""
        letter, cast = step.text("ClOrdID"), self.cast
        if isinstance(request, NewOrder):
            cast.status_of = request.cl_ord_id
            if letter not in cast.lines:
                cast.lines[letter] = self.new_line(request, clerk)
        elif isinstance(request, AskStatus):
            cast.status_of = request.cl_ord_id
        else:
            line = cast.lines.get(step.text("OrigClOrdID"))
            if line is not None:
                cast.lines[letter] = line
                line.changes.append(_change(request))

    def new_line(self, order: NewOrder, clerk: Clerk) -> Line:
        """An order that the venue has read, in this play."""
        return Line(
            order_id=f"{clerk.venue}-P{self.number}-{len(self.cast.lines) + 1}",
            order=order,
            cl_ord_id=order.cl_ord_id,
            quantity=whole_number(order.quantity) or 0,
            price=order.price,
            stays_open=order.time_in_force in _STAY_OPEN,
            day=self.day,
        )

    def _say(self, step: VenueStep, clerk: Clerk, at: datetime) -> Message:
        said = say(step, self.cast, clerk.now(at, self.began, self.day))
        self.place += 1
        if self.place == len(self.script.steps):
            self.ended = at
            said = said._replace(text="; ".join(filter(None, (said.text, self.verdict))))
        self._note(at, f"said {_shown(said)}")
        return said

    def _turn_day(self, step: Step) -> None:
        if step.day > self.day:
            self.day = step.day
            for line in self.cast.lines.values():
                line.new_day(step.day)

    def _note(self, at: datetime, what: str) -> None:
        if len(self.evidence) < _LONGEST_EVIDENCE:
            self.evidence.append(f"{at.isoformat(timespec='milliseconds')} {what}")


def open_play(
    number: int, script: Script, opening: OrderRequest, tempo: Tempo, at: datetime
) -> Play:
    """A play that its first request is about to begin."""
    quantity = None
    if isinstance(opening, NewOrder):
        quantity = whole_number(opening.cash_quantity if script.is_in_cash else opening.quantity)
    cast = Cast(
        client=opening.client,
        symbol=opening.symbol,
        side=opening.side,
        scale=Fraction(quantity or script.base, script.base),
        ids={},
        lines={},
        executions={},
        asked={},
    )
    return Play(number, script, cast, tempo, at)


def _change(request: CancelOrder | ReplaceOrder) -> Change:
    if isinstance(request, CancelOrder):
        return Change(request.cl_ord_id, cancels=True, quantity=0, price="")
    quantity = whole_number(request.quantity) or 0
    return Change(request.cl_ord_id, cancels=False, quantity=quantity, price=request.price)


def _shown(said: Report | CancelRejected) -> str:
    status = name_of(OrdStatus(said.ord_status))
    if isinstance(said, CancelRejected):
        return f"OrderCancelReject {said.cl_ord_id} {status}"
    kind = name_of(ExecType(said.exec_type))
    return f"{kind} {status} {said.cl_ord_id} {said.cum_qty}/{said.order_qty}"
