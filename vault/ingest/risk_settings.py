"""`[risk]` of mandates.toml: how the firm's risk model is made, or the model itself."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from domain.risk import RiskMethod, RiskSettings
from vault.ingest.rows import Known
from vault.ingest.symbols import UNKNOWN, by_symbol
from vault.ingest.toml_table import Reader, TableReader


def read_risk(reader: TableReader, known: Known) -> RiskSettings | None:
    """The settings, or None where the file has none; problems are the reader's."""
    if "risk" not in reader.table:
        return None
    readers: dict[str, Reader] = {
        "method": partial(TableReader.choice, kind=RiskMethod),
        "half_life": partial(TableReader.exact, least=Decimal(1)),
        "least_coverage": partial(TableReader.exact, most=Decimal(1)),
        "factors": partial(_factors, known),
        "exposures": partial(_exposures, known),
        "covariance": _covariance,
        "specific": partial(by_symbol, known),
    }
    values = reader.values("risk", reader.table["risk"], readers)
    if values is None:
        return None
    settings = RiskSettings(**values)
    _agree(reader, settings)
    return settings


def _agree(reader: TableReader, settings: RiskSettings) -> None:
    """What a method cannot do without."""
    if settings.method is RiskMethod.FACTORS and not settings.factors:
        remedy = 'write factors = { market = "SPY" }, prices that stand for each'
        reader.refuse("method", "needs factors", remedy, settings.method)
    if settings.method is not RiskMethod.SUPPLIED:
        return
    if not (settings.exposures and settings.covariance and settings.specific):
        remedy = "write exposures, covariance and specific"
        reader.refuse("method", "needs the model's numbers", remedy, settings.method)
    for one in settings.exposures:
        for other in settings.exposures:
            stated = settings.covariance.get(one, {}), settings.covariance.get(other, {})
            if other not in stated[0] and one not in stated[1]:
                reader.refuse("covariance", f"lacks {one} with {other}", "state it, 0 too")
    for security_id, variance in settings.specific.items():
        if variance < 0:
            reader.refuse("specific", "is below 0", f"correct the variance of {security_id}")


def _factors(known: Known, reader: TableReader, key: str, value: object) -> dict[str, str]:
    found = {}
    for name, symbol in reader.mapping(key, value).items():
        if told := reader.one_of(name, symbol, known.symbols, UNKNOWN):
            found[name] = known.symbols[told]
    return found


def _exposures(
    known: Known, reader: TableReader, key: str, value: object
) -> dict[str, dict[str, Decimal]]:
    tables: Mapping[str, object] = reader.mapping(key, value)
    return {name: by_symbol(known, reader, name, table) for name, table in tables.items()}


def _covariance(reader: TableReader, key: str, value: object) -> dict[str, dict[str, Decimal]]:
    return {
        one: {
            other: reader.exact(other, number, least=None)
            for other, number in reader.mapping(one, row).items()
        }
        for one, row in reader.mapping(key, value).items()
    }
