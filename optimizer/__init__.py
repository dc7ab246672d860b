"""What to hold: risk model, costs, taxes, constraints, whole shares, explanation.

`assembly.assemble` turns a snapshot into arrays, `proposal.propose_batch` turns
arrays into proposals. No I/O, no clock; floats live here and nowhere else.
"""

from optimizer.assembly import assemble
from optimizer.deadline import Deadline
from optimizer.measure import tracking_errors
from optimizer.proposal import propose, propose_batch
from optimizer.values import AccountProblem, Market

__all__ = [
    "AccountProblem",
    "Deadline",
    "Market",
    "assemble",
    "propose",
    "propose_batch",
    "tracking_errors",
]
