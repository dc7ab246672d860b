"""How the answers of running venues look: tables and sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from console.printing import Column, print_lines, print_table

Row = Mapping[str, Any]
Answer = dict[str, Any]


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "-" if row.get(name) in (None, "", []) else _said(row[name])


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _columns(*names: str) -> tuple[Column[Row], ...]:
    """A column for each field; one that begins with # is a number."""
    return tuple(
        Column[Row](
            name.lstrip("#").replace("_", " ").upper(), _text(name.lstrip("#")), name[0] == "#"
        )
        for name in names
    )


_VENUES = _columns("venue", "kind", "#port", "phase", "halted", "clients")
_SESSIONS = _columns(
    "venue", "client", "begin_string", "logged_on", "#next_in", "#next_out"
)  # fmt: skip
_ORDERS = _columns(
    "order_id", "client", "cl_ord_id", "side", "symbol", "type", "#price", "status",
    "#order_qty", "#cum_qty", "#leaves_qty", "#avg_px",
)  # fmt: skip
_LEVELS = _columns("#bid_shares", "#bid", "#offer", "#offer_shares")
_PLAYS = _columns("#play", "scenario", "client", "symbol", "cl_ord_ids", "stands", "verdict")
_SCRIPTS = _columns("scenario", "names", "title")
_FAULTS = _columns("venue", "#number", "do", "#happened", "#left")


def show_venues(answer: Answer) -> None:
    rows = [{"venue": name, **view} for name, view in answer["venues"].items()]
    print_table(_VENUES, rows, "no venues")
    print_lines([f"the venues' clock shows {answer['now']}"])


def show_book(answer: Answer) -> None:
    bids, asks = answer["bids"], answer["asks"]
    rows: list[Row] = []
    for place in range(max(len(bids), len(asks))):
        bid = bids[place] if place < len(bids) else {}
        ask = asks[place] if place < len(asks) else {}
        rows.append(
            {
                "bid_shares": bid.get("quantity"),
                "bid": bid.get("price"),
                "offer": ask.get("price"),
                "offer_shares": ask.get("quantity"),
            }
        )
    print_table(_LEVELS, rows, "nobody waits")
    halted = ", halted" if answer["halted"] else ""
    print_lines([f"{answer['symbol']} on {answer['venue']}: last {answer['last']}{halted}"])
    indicative = answer.get("indicative")
    if indicative:
        trade = f"{indicative['volume']} at {indicative['price']}"
        left = f"{indicative['imbalance']:+d} shares would be left"
        print_lines([f"the auction would trade {trade}, {left}"])


def show_orders(answer: Answer) -> None:
    print_table(_ORDERS, answer["orders"], "no orders")


def show_sessions(answer: Answer) -> None:
    print_table(_SESSIONS, answer["sessions"], "no sessions")


def show_faults(answer: Answer) -> None:
    rows = [{"venue": venue, **one} for venue, all_ in answer["faults"].items() for one in all_]
    print_table(_FAULTS, rows, "no faults file")


def show_scenarios(answer: Answer) -> None:
    """All plays; or all scripts; or one script with its plays; or one play with all it said."""
    if "steps" in answer:
        names = " ".join([answer["scenario"], *answer["names"]])
        multiple = f"quantities in multiples of {answer['quantity_multiple']}"
        print_lines([f"{names}: {answer['title']}; {multiple}", *answer["steps"], ""])
    if "said" in answer:
        who = f"play {answer['play']}: {answer['scenario']} with {answer['client']}"
        ends = answer["verdict"] or answer["stands"]
        print_lines([f"{who} in {answer['symbol']}", *answer["said"], ends])
    if "plays" in answer:
        print_table(_PLAYS, answer["plays"], "nothing has been played")
    if "scripts" in answer:
        print_table(_SCRIPTS, answer["scripts"], "no scripts")


def show_done(answer: Answer) -> None:
    """What an operation says: its orders as a table, everything else as words."""
    rest = {name: value for name, value in answer.items() if name != "orders"}
    print_lines([", ".join(f"{name} {_said(value) or '-'}" for name, value in rest.items())])
    if "orders" in answer:
        show_orders(answer)
