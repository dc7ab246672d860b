"""The rule types there are, by the names that rule files write."""

from collections.abc import Mapping

from oms.compliance.allocation_rule import Allocation
from oms.compliance.budget import Budget
from oms.compliance.diversification import Diversification
from oms.compliance.evidence import Evidence
from oms.compliance.filing import Filing
from oms.compliance.group_weight import GroupWeight
from oms.compliance.latch import Latch
from oms.compliance.list_membership import ListMembership
from oms.compliance.measure import Measure
from oms.compliance.order_bounds import OrderBounds
from oms.compliance.ownership import Ownership
from oms.compliance.rules import RuleTest
from oms.compliance.set_share import SetShare
from oms.compliance.window import Window

RULE_TYPES: Mapping[str, type[RuleTest]] = {
    kind.__name__: kind
    for kind in (
        GroupWeight,
        SetShare,
        Diversification,
        Ownership,
        Measure,
        Filing,
        ListMembership,
        Evidence,
        Window,
        Budget,
        Allocation,
        OrderBounds,
        Latch,
    )
}
