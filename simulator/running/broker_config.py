"""The keys of a [[venue]] with kind = "broker"."""

from simulator.broker.rules import BrokerRules, Rest
from simulator.exchange.rules import Rules
from simulator.running.tables import Table

_MOST_PARTS, _MOST_WEIGHT = 1440, 1_000_000


def read_broker(table: Table, rules: Rules, works_on: tuple[str, ...]) -> BrokerRules:
    """Raises ConfigError."""
    bare = BrokerRules(name=rules.name, works_on=works_on)
    if not works_on:
        table.refuse("works_on", list(works_on), "one exchange or more of this file")
    return BrokerRules(
        name=rules.name,
        works_on=works_on,
        time_zone=rules.time_zone,
        fee_per_share=rules.fee_per_share,
        maximum_quantity=rules.maximum_quantity,
        slice_interval=table.seconds("slice_interval", "5", "0.01", "3600"),
        horizon=table.seconds("horizon", "1800", "1", "86400"),
        rest=table.choice("rest", Rest, bare.rest),
        day_begins=table.time_of_day("day_begins") or bare.day_begins,
        day_ends=table.time_of_day("day_ends") or bare.day_ends,
        volume_curve=_curve(table, bare.volume_curve),
    )


def _curve(table: Table, default: tuple[int, ...]) -> tuple[int, ...]:
    weights = table.wholes("volume_curve", default)
    usable = all(0 <= weight <= _MOST_WEIGHT for weight in weights)
    if not usable or not 1 <= len(weights) <= _MOST_PARTS or not any(weights):
        table.refuse("volume_curve", list(weights), "weights of equal parts of the day, from 0")
    return weights
