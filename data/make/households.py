"""The invented clients: 24 households, 60 accounts at four custodians.

Everything here is made up; the random numbers come from one seed, so the book
is the same on every machine. What is planted stands in `PLANTED` by name.
"""

import random
from dataclasses import dataclass
from decimal import Decimal

SEED = 20221130

FAMILIES = (
    "Abernathy Bellweather Castellan Dunmore Eastlake Fairbourne Galloway Hathersage Iverness "
    "Jessop Kingsley Lockridge Marchbanks Northcote Okonedo Pemberton Quillfeather Ravensworth "
    "Silverthorne Tregarth Underhill Vandermeer Whitcombe Yarborough"
).split()
GIVEN = (
    "Ada Boris Clara Dmitri Elena Felix Greta Hugo Ines Jonas Karla Leon Mira Nils Olga Pavel "
    "Rosa Stefan Tilda Uwe Vera Willem Xenia Yves"
).split()

HARBOR, SUMMIT, LAKESIDE, DELTA = (
    "Harbor Trust",
    "Summit Brokerage",
    "Lakeside Custody",
    "Delta Clearing",
)
MODELS = ("CORE-20", "GROWTH", "INCOME", "DEFENSIVE")


@dataclass(frozen=True)
class Client:
    """One invented account, and how its holdings should come out."""

    account: str
    household: str
    name: str
    custodian: str
    tax_status: str
    model: str
    bought_for: str  # The model that its holdings follow: its own, unless it has just changed.
    mandate: str
    value: int  # Dollars, roughly.
    cash: Decimal  # Fraction of value.
    drift: float  # Standard deviation of the log of weight over target.
    planted: str = ""


@dataclass(frozen=True)
class Plan:
    """What is planted in the n-th account: a label, and what replaces the usual."""

    label: str
    cash: str | None = None
    mandate: str | None = None
    tax_status: str | None = None
    new_model: str | None = None  # Held to its old model until today.


# By number of the account, 0 to 59.
PLANTED = {
    2: Plan("deposit", cash="0.14"),
    6: Plan("withdrawal", cash="0.012"),
    9: Plan("doubled"),
    14: Plan("deposit", cash="0.17"),
    17: Plan("infeasible", mandate="ENERGY-FLOOR", tax_status="taxable"),
    21: Plan("lots_do_not_add_up"),
    26: Plan("deposit_after_opening"),
    27: Plan("soft_breach", new_model="HEALTH-CARE"),
    28: Plan("overridable_breach", new_model="STAPLES", mandate="RETIREMENT-STAPLES"),
    30: Plan("deposit", cash="0.11"),
    34: Plan("unknown_security"),
    39: Plan("stale_fund"),
    43: Plan("hard_breach", new_model="EMPLOYER-HD", mandate="EMPLOYER-STOCK"),
    44: Plan("dividend_after_opening"),
    48: Plan("overridable_breach", new_model="STAPLES", mandate="RETIREMENT-STAPLES"),
    50: Plan("deposit", cash="0.19"),
    58: Plan("refused_file"),
    59: Plan("refused_file"),
}
TAX_STATUS = ("taxable", "deferred", "taxable", "exempt", "taxable")
LABEL = {"taxable": "Joint Taxable", "deferred": "Traditional IRA", "exempt": "Roth IRA"}


def clients() -> tuple[Client, ...]:
    """All sixty, in the order of their numbers."""
    rng = random.Random(SEED)
    return tuple(_client(rng, number) for number in range(60))


def _client(rng: random.Random, number: int) -> Client:
    plan = PLANTED.get(number, Plan(""))
    family = number * 2 // 5  # Two or three accounts a household.
    tax_status = plan.tax_status or TAX_STATUS[number % 5]
    usual_model = MODELS[(family + number % 2) % 4]
    value = int(80_000 * (6_000_000 / 80_000) ** (rng.random() ** 1.6))
    custodian, account = _account(number)
    owner = FAMILIES[family]
    given = "" if tax_status == "taxable" else GIVEN[(number * 7) % len(GIVEN)]
    usual_cash = Decimal(rng.randrange(6, 55)) / 1000
    return Client(
        account=account,
        household=f"HH-{family + 1:03d}",
        name=" ".join(part for part in (given, owner, LABEL[tax_status]) if part),
        custodian=custodian,
        tax_status=tax_status,
        model=plan.new_model or usual_model,
        bought_for=usual_model,
        mandate=plan.mandate or _mandate(tax_status, number),
        value=value,
        cash=Decimal(plan.cash) if plan.cash else usual_cash,
        drift=rng.uniform(0.2, 0.38),
        planted=plan.label,
    )


def _mandate(tax_status: str, number: int) -> str:
    if tax_status == "taxable":
        return ("TAXABLE-STANDARD", "TAXABLE-SENSITIVE", "TAXABLE-LEGACY")[number // 5 % 3]
    return ("RETIREMENT", "RETIREMENT-INCOME")[number // 10 % 2]


def _account(number: int) -> tuple[str, str]:
    """Each custodian numbers accounts in its own way; leading zeros are part of the number."""
    if number >= 58:
        return DELTA, f"DC-{500_100 + number * 17}"
    if number % 3 == 0:
        return HARBOR, f"Z{41 + number % 7}-{200_417 + number * 1_313}"
    if number % 3 == 1:
        return SUMMIT, f"{8_842 - number * 3}-{1_107 + number * 37}"
    return LAKESIDE, f"{4_177_02 + number * 911:08d}"
