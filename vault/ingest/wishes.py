"""What a mandate wants beyond its bands: goals, limits, tilts, exclusions, liabilities.

The keys are those of docs/mandates.md; measures stand once in the file, as
`[measures.NAME]`, and every mandate takes those that it uses.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from domain.goals import (
    Aim,
    Exclusion,
    Force,
    Gains,
    Group,
    Limit,
    RiskBudget,
    Target,
    Transition,
    Wishes,
)
from vault.ingest.liability import LiabilityReader
from vault.ingest.rows import Known
from vault.ingest.symbols import by_symbol, ids
from vault.ingest.toml_table import Reader, TableReader, with_force

Measures = Mapping[str, Mapping[str, Decimal]]

FORCED = (
    "cash",
    "sector_band",
    "sector_limits",
    "name_maximum",
    "turnover",
    "tracking_error",
    "volatility",
    "surplus_volatility",
    "short_gains",
    "long_gains",
)
_number: Reader = partial(TableReader.exact, least=None)
_positive: Reader = TableReader.exact
_share: Reader = partial(TableReader.exact, most=Decimal(1))
_GROUPS = ("sectors", "industries", "countries", "issuers", "symbols")


def read_measures(reader: TableReader, known: Known) -> Measures:
    """`[measures.NAME]` tables: numbers by symbol, as numbers by security id."""
    tables = reader.mapping("measures", reader.table.get("measures", {}))
    return {name: by_symbol(known, reader, name, table) for name, table in tables.items()}


class WishReader:
    """The readers of one mandate's wishes; what they may refer to is known."""

    def __init__(self, known: Known, measures: Measures) -> None:
        self.known, self.measures = known, measures
        self.keys: Mapping[str, Reader] = {
            "objective": partial(TableReader.choice, kind=Aim),
            "expected_return": self._measure,
            "tracking_error_maximum": _share,
            "volatility_maximum": _share,
            "surplus_volatility_maximum": _share,
            "limit": self._limits,
            "target": self._targets,
            "exclude": self._exclusions,
            "substitutes": self._substitutes,
            "risk_budget": self._risk_budget,
            "liability": LiabilityReader(known, self._measure).read,
            "gain_budget": self._gains,
            "carry_forward": self._gains,
            "force": self._forces,
            "transition": self._transition,
            "located": TableReader.yes,
        }

    def wishes(self, reader: TableReader, table: Mapping[str, Any]) -> Wishes:
        """The wishes of a mandate's table; problems are the reader's."""
        found = {
            key: read(reader, key, table[key]) for key, read in self.keys.items() if key in table
        }
        named = {
            "objective": "aim",
            "limit": "limits",
            "target": "targets",
            "exclude": "exclusions",
            "force": "forces",
        }
        wishes = Wishes(**{named.get(key, key): value for key, value in found.items()})
        self._agree(reader, wishes)
        used = {measure: dict(self.measures[measure]) for measure in sorted(self._used(wishes))}
        return Wishes(**{**_fields(wishes), "measures": used})

    def _agree(self, reader: TableReader, wishes: Wishes) -> None:
        """What an aim cannot do without."""
        if wishes.aim is Aim.LIABILITY and wishes.liability is None:
            reader.refuse("objective", "needs a liability", "write [mandate.liability]", wishes.aim)
        if wishes.aim is Aim.MEAN_VARIANCE and not wishes.expected_return:
            remedy = "name the measure: expected_return = ..."
            reader.refuse("objective", "needs an expected return", remedy, wishes.aim)
        if wishes.surplus_volatility_maximum is not None and wishes.liability is None:
            key = "surplus_volatility_maximum"
            reader.refuse(key, "needs a liability", "write [mandate.liability]")

    def _used(self, wishes: Wishes) -> set[str]:
        used = {wishes.expected_return}
        used |= {limit.measure for limit in wishes.limits}
        used |= {target.measure for target in wishes.targets}
        used |= {exclusion.measure for exclusion in wishes.exclusions}
        if wishes.liability is not None:
            used |= set(wishes.liability.exposures)
            used |= {name for stress in wishes.liability.stresses for name in stress.effects}
        return used & set(self.measures)

    def _measure(self, reader: TableReader, key: str, value: object) -> str:
        return reader.one_of(key, value, self.measures, "no [measures.NAME] of this file")

    def _group(self, reader: TableReader, key: str, value: object) -> tuple[str, ...]:
        known = {
            "sectors": self.known.sectors,
            "industries": self.known.industries,
            "countries": self.known.countries,
            "issuers": self.known.issuers,
        }
        if key == "symbols":
            return ids(self.known, reader, key, value)
        return reader.several(key, value, known[key], f"none of the {key} of a security")

    def _grouped(self, values: dict[str, Any]) -> dict[str, Any]:
        """Group keys taken together, `symbols` as securities."""
        group = {
            ("securities" if k == "symbols" else k): values.pop(k) for k in _GROUPS if k in values
        }
        return {**values, "group": Group(**group)} if group else values

    def _limits(self, reader: TableReader, key: str, value: object) -> tuple[Limit, ...]:
        readers: dict[str, Reader] = {
            "name": TableReader.text,
            **dict.fromkeys(_GROUPS, self._group),
            "measure": self._measure,
            "average": TableReader.yes,
            "relative": TableReader.yes,
            "minimum": _number,
            "maximum": _number,
            "price": _positive,
            "priority": _positive,
        }
        found = reader.tables(key, value, readers, {"name"}, self._limit)
        for limit in found:
            bounds = [b for b in (limit.minimum, limit.maximum) if b is not None]
            if not bounds:
                reader.refuse(key, "has no bound", "write minimum or maximum", limit.name)
            elif bounds != sorted(bounds):
                reason = f"has minimum {bounds[0]} above maximum {bounds[1]}"
                reader.refuse(key, reason, "swap or correct them", limit.name)
        return found

    def _limit(self, **values: Any) -> Limit:
        return Limit(**self._grouped(with_force(values)))

    def _targets(self, reader: TableReader, key: str, value: object) -> tuple[Target, ...]:
        readers: dict[str, Reader] = {
            "name": TableReader.text,
            "measure": self._measure,
            "value": _number,
            "relative": TableReader.yes,
            "price": _positive,
        }
        return reader.tables(key, value, readers, {"name", "measure", "value", "price"}, Target)

    def _exclusions(self, reader: TableReader, key: str, value: object) -> tuple[Exclusion, ...]:
        readers: dict[str, Reader] = {
            "name": TableReader.text,
            **dict.fromkeys(_GROUPS, self._group),
            "measure": self._measure,
            "below": _number,
            "sell": TableReader.yes,
        }
        found = reader.tables(key, value, readers, {"name"}, self._exclusion)
        for one in found:
            if one.group is None and not (one.measure and one.below is not None):
                remedy = "name symbols, sectors, industries, ... or a measure and below"
                reader.refuse(key, "excludes nothing", remedy, one.name)
        return found

    def _exclusion(self, **values: Any) -> Exclusion:
        return Exclusion(**self._grouped(values))

    def _substitutes(
        self, reader: TableReader, key: str, value: object
    ) -> dict[str, tuple[str, ...]]:
        found = {}
        for symbol, instead in reader.mapping(key, value).items():
            what = "no symbol of the security master"
            if name := reader.one_of(key, symbol, self.known.symbols, what):
                found[self.known.symbols[name]] = ids(self.known, reader, key, instead)
        return found

    def _risk_budget(self, reader: TableReader, key: str, value: object) -> RiskBudget:
        readers: dict[str, Reader] = {
            "sectors": lambda r, k, v: self._shares(r, k, v, self.known.sectors),
            "symbols": partial(by_symbol, self.known),
        }
        values = reader.values(key, value, readers) or {}
        if len(values) == 2:
            reader.refuse(key, "has both sectors and symbols", "keep one of them")
        shares = {name: share for of in values.values() for name, share in of.items()}
        if any(share < 0 for share in shares.values()) or (shares and not any(shares.values())):
            reader.refuse(key, "has shares below 0 or none above", "write shares of the variance")
        return RiskBudget(by_sector="sectors" in values, shares=shares)

    def _shares(
        self, reader: TableReader, key: str, value: object, known: frozenset[str]
    ) -> dict[str, Decimal]:
        what = f"none of the {key} of a security"
        return {
            reader.one_of(key, name, known, what): reader.exact(key, share)
            for name, share in reader.mapping(key, value).items()
        }

    def _gains(self, reader: TableReader, key: str, value: object) -> Gains:
        return Gains(**(reader.values(key, value, {"short": _positive, "long": _positive}) or {}))

    def _forces(self, reader: TableReader, key: str, value: object) -> dict[str, Force]:
        found = {}
        for name, force in reader.mapping(key, value).items():
            reader.one_of(key, name, FORCED, "no constraint of a mandate")
            values = reader.values(name, force, {"price": _positive, "priority": _positive})
            found[name] = Force(**(values or {}))
        return found

    def _transition(self, reader: TableReader, key: str, value: object) -> Transition | None:
        values = reader.values(key, value, {"steps": _whole, "days_between": _whole}, {"steps"})
        return None if values is None else Transition(**values)


def _whole(reader: TableReader, key: str, value: object) -> int:
    """A whole number from 1 to 60."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 60:
        reader.refuse(key, "is not a whole number from 1 to 60", f"write {key} = 3", value)
        return 1
    return value


def _fields(wishes: Wishes) -> dict[str, Any]:
    return {name: getattr(wishes, name) for name in Wishes.__dataclass_fields__}
