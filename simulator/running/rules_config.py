"""The rules of a venue, key by key: every field under its own name."""

from datetime import time
from decimal import Decimal

from simulator.exchange.rules import (
    CanceledName,
    Chain,
    DayEnd,
    OnHalt,
    Rules,
    SelfMatch,
    SelfMatchCancels,
)
from simulator.running.session_config import SessionConfig
from simulator.running.tables import Table

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_rules(table: Table, name: str, seed: int, sessions: tuple[SessionConfig, ...]) -> Rules:
    bare = Rules(name=name)
    rules = Rules(
        name=name,
        seed=seed,
        fee_per_share=table.number("fee_per_share", Decimal(0), Decimal(0), Decimal(1)),
        maximum_quantity=table.whole("maximum_quantity", 10_000_000, 1, 999_999_999),
        time_zone=table.zone("time_zone", "America/New_York"),
        call_time=table.time_of_day("call_time"),
        open_time=table.time_of_day("open_time"),
        closing_call_time=table.time_of_day("closing_call_time"),
        close_time=table.time_of_day("close_time"),
        trading_days=_weekdays(table),
        holidays=frozenset(table.dates("holidays")),
        day_end=table.choice("day_end", DayEnd, bare.day_end),
        restate_good_till=table.flag("restate_good_till", default=bare.restate_good_till),
        auction_pressure=table.flag("auction_pressure", default=bare.auction_pressure),
        acknowledge_changes=table.flag("acknowledge_changes", default=False),
        change_delay=table.seconds("change_delay", "0", "0", "3600"),
        chained_changes=table.choice("chained_changes", Chain, bare.chained_changes),
        reopen_filled=table.flag("reopen_filled", default=bare.reopen_filled),
        order_delay=table.seconds("order_delay", "0", "0", "3600"),
        canceled_name=table.choice("canceled_name", CanceledName, bare.canceled_name),
        report_triggers=table.flag("report_triggers", default=bare.report_triggers),
        on_halt=table.choice("on_halt", OnHalt, bare.on_halt),
        halt_auction=table.flag("halt_auction", default=bare.halt_auction),
        band_percent=table.number("band_percent", Decimal(0), Decimal(0), Decimal(100)),
        limit_state=table.seconds("limit_state", "15", "0", "3600"),
        band_halt=table.seconds("band_halt", "300", "0", "86400"),
        band_window=table.seconds("band_window", "300", "1", "86400"),
        self_match=table.choice("self_match", SelfMatch, bare.self_match),
        self_match_cancels=table.choice(
            "self_match_cancels", SelfMatchCancels, bare.self_match_cancels
        ),
        firms=tuple((one.client, one.firm) for one in sessions if one.firm),
        cancel_on_disconnect=frozenset(one.client for one in sessions if one.cancel_on_disconnect),
        allocation_received=table.flag("allocation_received", default=bare.allocation_received),
        allocation_reports=table.flag("allocation_reports", default=bare.allocation_reports),
        closed_orders=table.whole("closed_orders", bare.closed_orders, 0, 100_000_000),
        remembered_ids=table.whole("remembered_ids", bare.remembered_ids, 0, 1_000_000_000),
    )
    fault = rules.fault()
    if fault is not None:
        key, want = fault
        value = getattr(rules, key)
        table.refuse(key, f"{value:%H:%M}" if isinstance(value, time) else list(value), want)
    return rules


def _weekdays(table: Table) -> tuple[int, ...]:
    days = table.texts("trading_days", _WEEKDAYS)
    for day in days:
        if day not in _WEEKDAYS:
            table.refuse("trading_days", day, f"days among {', '.join(_WEEKDAYS)}")
    return tuple(sorted({_WEEKDAYS.index(day) for day in days}))
