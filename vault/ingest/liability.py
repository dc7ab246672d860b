"""`[mandate.liability]`: what must be paid, its hedge, its exposures and its stresses."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from domain.goals import Liability, LiabilityExposure, Stress
from vault.ingest.rows import Known
from vault.ingest.symbols import by_symbol
from vault.ingest.toml_table import ZERO, Reader, TableReader, with_force

_number: Reader = partial(TableReader.exact, least=None)
_positive: Reader = TableReader.exact
_share: Reader = partial(TableReader.exact, most=Decimal(1))


class LiabilityReader:
    """Reads the liability of a mandate; `measure` reads the name of a measure."""

    def __init__(self, known: Known, measure: Callable[[TableReader, str, object], str]) -> None:
        self.known, self.measure = known, measure

    def read(self, reader: TableReader, key: str, value: object) -> Liability | None:
        """The liability; None, with every problem noted, where something is wrong."""
        readers: dict[str, Reader] = {
            "value": _positive,
            "hedge": partial(by_symbol, self.known),
            "exposures": self._exposures,
            "correlation": _share,
            "stress": self._stresses,
        }
        values = reader.values(key, value, readers, {"value"})
        if values is None:
            return None
        if values["value"] == ZERO:
            reader.refuse(key, "is worth nothing", "write its present value in dollars")
        if values.get("correlation") == 1:
            reader.refuse("correlation", "is not below 1", "write less, such as 0.9")
        if "stress" in values:
            values["stresses"] = values.pop("stress")
        return Liability(**values)

    def _exposures(
        self, reader: TableReader, key: str, value: object
    ) -> dict[str, LiabilityExposure]:
        readers: dict[str, Reader] = {
            "value": _number,
            "volatility": _positive,
            "band": _positive,
            "price": _positive,
            "priority": _positive,
        }
        found = {}
        for name, exposure in reader.mapping(key, value).items():
            values = reader.values(name, exposure, readers, {"value"})
            if self.measure(reader, name, name) and values is not None:
                found[name] = LiabilityExposure(**with_force(values))
        return found

    def _stresses(self, reader: TableReader, key: str, value: object) -> tuple[Stress, ...]:
        readers: dict[str, Reader] = {
            "name": TableReader.text,
            "effects": self._effects,
            "minimum": _positive,
            "price": _positive,
            "priority": _positive,
        }
        required = {"name", "effects", "minimum"}
        return reader.tables(
            key, value, readers, required, lambda **values: Stress(**with_force(values))
        )

    def _effects(self, reader: TableReader, key: str, value: object) -> dict[str, Decimal]:
        return {
            self.measure(reader, key, name): reader.exact(name, effect, least=None)
            for name, effect in reader.mapping(key, value).items()
        }
