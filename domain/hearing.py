"""Hearing: what one broker means by its reports, where FIX leaves the choice or changed its mind.

Nothing of this changes what is booked: a fill is a fact. It says which code is a renewal, and
what of a report is unusual enough for a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from domain.orders import Alarm, ExecType, ExecutionReport, Order, OrdStatus
from domain.restatements import Restatement


class LateNames(StrEnum):
    """By which ClOrdID busts and fills of a cancelled order go (matrix J.1.b, 4.2's D35)."""

    EITHER = "either"
    OLD = "old"  # The order's own, as FIX 4.4 has it.
    NEW = "new"  # The cancel request's, as FIX 4.2 has it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One broker's. The default is FIX 4.4, and tolerant of 4.2."""

    renewals: frozenset[int] = frozenset({int(Restatement.RENEWAL)})  # ExecRestatementReason (378).
    corporate_actions: frozenset[int] = frozenset({int(Restatement.CORPORATE_ACTION)})
    compares_leaves: bool = True  # LeavesQty must be OrderQty less CumQty.
    late_names: LateNames = LateNames.EITHER

    def heard(self, report: ExecutionReport) -> ExecutionReport:
        """The report with the broker's own codes put into ours."""
        if report.exec_type is not ExecType.RESTATED or report.restatement is None:
            return report
        if report.restatement in self.renewals:
            return replace(report, restatement=Restatement.RENEWAL.value)
        if report.restatement in self.corporate_actions:
            return replace(report, restatement=Restatement.CORPORATE_ACTION.value)
        is_ours = report.restatement in tuple(Restatement)
        return replace(report, restatement=None) if is_ours else report

    def unusual(
        self, order: Order, report: ExecutionReport, alarms: tuple[Alarm, ...]
    ) -> tuple[Alarm, ...]:
        """What of `alarms`, and beside, a person should see; `order` is as it was before."""
        kept = tuple(
            one for one in alarms if self.compares_leaves or one.kind != "leaves_qty_disagrees"
        )
        return (*kept, *self._named_otherwise(order, report))

    def _named_otherwise(self, order: Order, report: ExecutionReport) -> tuple[Alarm, ...]:
        if self.late_names is LateNames.EITHER or order.status is not OrdStatus.CANCELED:
            return ()
        wanted = order.current if self.late_names is LateNames.OLD else order.chain[-1]
        if report.cl_ord_id == wanted or report.exec_type is ExecType.ORDER_STATUS:
            return ()
        name = order.intent.cl_ord_id
        text = f"{name}: a late report came under {report.cl_ord_id}, its broker says {wanted}"
        return (Alarm(kind="named_otherwise", cl_ord_id=name, message=text),)


PLAIN = Hearing()
Hearings = Mapping[str, Hearing]  # By venue; one that is missing is heard plainly.
HEARD_PLAINLY: Hearings = MappingProxyType({})
