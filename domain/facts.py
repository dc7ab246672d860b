"""Facts: what the rules must know beyond the security master, one value a line.

What a name is, who owns it, how much of it there is; what kind of account this is
and what it owes; which paper lies behind an order. A fact that nobody gave is
missing, never zero: the rules' own vocabulary says which few have a usual value.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.sources import Source


class About(StrEnum):
    """What a fact is about; its subject is named by ..."""

    SECURITY = "security"  # ... its security id.
    ISSUER = "issuer"  # ... its name in the security master, and its owners' names.
    ACCOUNT = "account"  # ... its account id.
    ORDER = "order"  # ... its ClOrdID.
    COUNTERPARTY = "counterparty"  # ... its name.
    LIST = "list"  # ... the list's name; `of` is the entry.
    SWITCH = "switch"  # ... scope and name, for example "venue:XSIM".
    FIRM = "firm"  # ... nothing: there is one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value; `of` is the second party, where there is one: a constituent, an owner, a day."""

    about: About
    subject: str
    name: str
    of: str = ""
    value: str
    source: Source | None
