"""What to hold: risk model, costs, taxes, constraints, whole shares, explanation.

`assembly.assemble` turns a snapshot into arrays, `proposal.propose_batch` turns
arrays into proposals. No I/O, no clock; floats live here and nowhere else.
"""

from optimizer.assembly import assemble
from optimizer.batch import targets
from optimizer.deadline import Deadline
from optimizer.fast.accounts import Accounts, Targets
from optimizer.firm_limits import with_limits
from optimizer.measure import tracking_errors
from optimizer.proposal import propose, propose_batch
from optimizer.values import AccountProblem, Market
from optimizer.without import propose_without, rules_of

__all__ = [
    "AccountProblem",
    "Accounts",
    "Deadline",
    "Market",
    "Targets",
    "assemble",
    "propose",
    "propose_batch",
    "propose_without",
    "rules_of",
    "targets",
    "tracking_errors",
    "with_limits",
]
