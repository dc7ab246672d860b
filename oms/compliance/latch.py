"""Latch: whether a switch is set; nothing new passes one, and cancels always do."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.compliance import Verdict
from domain.facts import About
from oms.compliance.rules import Answer, OrderQuestion


class Scope(StrEnum):
    """What a switch stops."""

    ACCOUNT = "account"
    VENUE = "venue"
    STRATEGY = "strategy"
    FIRM = "firm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """No switch of these scopes is set for what would be sent."""

    scopes: tuple[Scope, ...]
    passes: tuple[str, ...] = ("cancel",)  # Messages that no switch stops.

    def problem(self) -> tuple[str, str] | None:
        if not self.scopes:
            return "scopes", f"at least one of {', '.join(Scope)}"
        if "new" in self.passes:
            return "passes", "messages other than new: a switch that lets orders through is none"
        return None

    def about_order(self, question: OrderQuestion) -> Answer | None:
        book, intent = question.desk.book, question.intent
        message = book.text(About.ORDER, intent.cl_ord_id, "message")
        names = tuple(self._names(question))
        stopped: tuple[str, ...] = ()
        sentence = f"a {message} passes every switch"
        if message not in self.passes:
            stopped = tuple(n for n in names if book.text(About.SWITCH, n, "set") == "yes")
            sentence = f"no switch is set for {', '.join(names)}"
        if stopped:
            sentence = f"{', '.join(stopped)} is stopped: no {message} passes"
        return Answer(
            verdict=Verdict.BREACH if stopped else Verdict.PASS,
            sentence=sentence,
            security_ids=(intent.security_id,),
        )

    def _names(self, question: OrderQuestion) -> Iterator[str]:
        book, intent = question.desk.book, question.intent
        if Scope.FIRM in self.scopes:
            yield "firm:"
        if Scope.VENUE in self.scopes:
            yield f"venue:{intent.venue}"
        strategy = book.text(About.ORDER, intent.cl_ord_id, "strategy")
        if Scope.STRATEGY in self.scopes and strategy:
            yield f"strategy:{strategy}"
        if Scope.ACCOUNT in self.scopes:
            yield from (f"account:{part.account_id}" for part in intent.allocations)
