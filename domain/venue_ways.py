"""Ways of venues: what the order desk has to know of how each is spoken to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.allocations import AllocationMode


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueWays:
    """One venue's. The default is a venue that knows one account and single orders."""

    allocations: AllocationMode = AllocationMode.NONE
    daily_allocations: bool = False  # An order of several days is told of day by day.
    takes_lists: bool = False
    lists_take_algos: bool = False


PLAIN = VenueWays()
Ways = Mapping[str, VenueWays]  # By venue; one that is missing is plain, and tells nothing.
EVERYWHERE_PLAIN: Ways = MappingProxyType({})
