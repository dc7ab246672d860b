"""Drop copies, counted: of the executions of a run, how many the venues told of twice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyCount:
    """Executions at venues with a drop copy, and those of them that a copy has told of so far."""

    due: int
    told: int
