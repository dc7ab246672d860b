"""Symbols of the security master in TOML, as security ids."""

from decimal import Decimal

from vault.ingest.rows import Known
from vault.ingest.toml_table import TableReader

UNKNOWN = "no symbol of the security master"


def ids(known: Known, reader: TableReader, key: str, value: object) -> tuple[str, ...]:
    """Symbols as security ids, in their order."""
    symbols = reader.several(key, value, known.symbols, UNKNOWN)
    return tuple(known.symbols[symbol] for symbol in symbols if symbol)


def by_symbol(known: Known, reader: TableReader, key: str, value: object) -> dict[str, Decimal]:
    """A number for each symbol, by security id."""
    table = reader.mapping(key, value)
    found = {}
    for symbol, number in table.items():
        if name := reader.one_of(symbol, symbol, known.symbols, UNKNOWN):
            found[known.symbols[name]] = reader.exact(symbol, number, least=None)
    return found
