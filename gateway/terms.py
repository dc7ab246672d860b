"""What an order asks for, as fields: kind, prices, time in force, peg and algorithm.

New orders and replaces say all of it; what a replace leaves out, brokers read
differently.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from domain.exact import plain
from domain.orders import Algo, OrderIntent, Peg, PegTo
from gateway.dialect import AlgoForm, Dialect

Field = tuple[int, str]

_CURRENCY = "USD"
_PEG_PRICE_TYPES = {PegTo.MIDPOINT: "2", PegTo.MARKET: "4", PegTo.PRIMARY: "5"}
_FLOAT, _PERCENTAGE, _STRING, _UTC_TIMESTAMP = "6", "11", "14", "19"  # StrategyParameterType.


def fields_of(
    intent: OrderIntent,
    *,
    quantity: Decimal,
    limit: Decimal | None,
    stop: Decimal | None,
    dialect: Dialect,
    cash: Decimal | None = None,
) -> list[Field]:
    """The terms of `intent` with this OrderQty, Price and StopPx, as `dialect` says them.

    With `cash` it is an order for so many dollars, whatever number of shares that makes.
    """
    amount = (38, plain(quantity)) if cash is None else (152, plain(cash))
    fields = [amount, (40, intent.ord_type.value)]
    if limit is not None:
        fields.append((44, plain(limit)))
    if stop is not None:
        fields.append((99, plain(stop)))
    if intent.peg is not None:
        fields += _peg(intent.peg, dialect)
    fields += [(15, _CURRENCY), (59, intent.time_in_force.value)]
    if intent.expires_at is not None:
        fields.append((126, _second(intent.expires_at)))
    elif intent.expires is not None:
        fields.append((432, f"{intent.expires:%Y%m%d}"))
    if intent.algo is not None:
        fields += _algo(intent.algo, dialect.algos[intent.algo.strategy])
    return fields


def _peg(peg: Peg, dialect: Dialect) -> list[Field]:
    """FIX 5.0 has a field for what FIX 4.4 says by an instruction."""
    to = (1094, _PEG_PRICE_TYPES[peg.to]) if dialect.is_fifty else (18, peg.to.value)
    return [to, (211, plain(peg.offset))]


def _algo(algo: Algo, form: AlgoForm) -> list[Field]:
    named: Field = (form.tag, form.value)
    if not form.grouped:
        return [named, *((int(name), text) for name, _, text in _parameters(algo, form))]
    parameters = list(_parameters(algo, form))
    group = [
        field
        for name, kind, text in parameters
        for field in ((958, name), (959, kind), (960, text))
    ]
    return [named, (957, str(len(parameters))), *group] if parameters else [named]


def _parameters(algo: Algo, form: AlgoForm) -> Iterator[tuple[str, str, str]]:
    """Name or tag, StrategyParameterType (959) and text of each that is given."""
    for name, at in ((form.start, algo.start), (form.end, algo.end)):
        if name and at is not None:
            yield name, _UTC_TIMESTAMP, _second(at)
    if form.participation and algo.participation is not None:
        if form.in_percent:
            yield form.participation, _FLOAT, plain(100 * algo.participation)
        else:
            yield form.participation, _PERCENTAGE, plain(algo.participation)
    for name, text in form.fixed:
        yield name, _STRING, text


def _second(value: datetime) -> str:
    assert value.tzinfo is not None
    return value.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S")
