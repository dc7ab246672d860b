"""What can be asked of running venues: `trimtab venues WORD ...`, and how the answers look."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.printing import print_json
from console.venues_door import VenuesDoor
from console.venues_shown import (
    Answer,
    show_book,
    show_done,
    show_faults,
    show_orders,
    show_scenarios,
    show_sessions,
    show_venues,
)
from domain.errors import BadInputError, ExitCode, UnknownNameError


@dataclass(frozen=True, slots=True)
class Word:
    """One thing to ask: its options, how it is asked, how the answer is shown, and an example."""

    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    ask: Callable[[VenuesDoor, argparse.Namespace], Answer]
    show: Callable[[Answer], None]
    example: str = ""  # What stands behind the word.


def run_word(word: str, door: VenuesDoor, options: argparse.Namespace) -> int:
    """Ask, and print."""
    answer = WORDS[word].ask(door, options)
    if options.json:
        print_json(answer)
    else:
        WORDS[word].show(answer)
    return ExitCode.OK


def _venue(door: VenuesDoor, options: argparse.Namespace) -> str:
    """The venue that is meant: named, or the only one."""
    known = list(door.get("venues")["venues"])
    if options.venue is None and len(known) == 1:
        return str(known[0])
    if options.venue is None:
        raise BadInputError(f"say which venue: --venue {' or --venue '.join(known)}")
    if options.venue not in known:
        raise UnknownNameError(f"there is no venue {options.venue}; there are {', '.join(known)}")
    return str(options.venue)


def _nothing(_: argparse.ArgumentParser) -> None:
    """No options of its own."""


def _takes(*names: str) -> Callable[[argparse.ArgumentParser], None]:
    def configure(parser: argparse.ArgumentParser) -> None:
        for name in names:
            if name.startswith("--"):
                parser.add_argument(name, default=None)
            else:
                parser.add_argument(name, metavar=name.upper())

    return configure


def _sees(*path: str) -> Callable[[VenuesDoor, argparse.Namespace], Answer]:
    """A view of the whole process."""
    return lambda door, _: door.get(*path)


def _looks(view: str, *names: str) -> Callable[[VenuesDoor, argparse.Namespace], Answer]:
    """A view of one venue."""

    def ask(door: VenuesDoor, options: argparse.Namespace) -> Answer:
        more = [getattr(options, name) for name in names]
        return door.get("venues", _venue(door, options), view, *(one for one in more if one))

    return ask


def _does(operation: str, *names: str) -> Callable[[VenuesDoor, argparse.Namespace], Answer]:
    """An operation of one venue."""

    def ask(door: VenuesDoor, options: argparse.Namespace) -> Answer:
        arguments = {name: getattr(options, name) for name in names}
        return door.post("venues", _venue(door, options), operation, **arguments)

    return ask


def _step(door: VenuesDoor, options: argparse.Namespace) -> Answer:
    if options.to is not None:
        return door.post("clock", "step", to=options.to)
    if options.seconds is None:
        return door.post("clock", "step", next=True)
    try:
        seconds = float(options.seconds)
    except ValueError:
        raise BadInputError(f"{options.seconds} is no number of seconds") from None
    return door.post("clock", "step", seconds=seconds)


def _configure_step(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("seconds", nargs="?", help="default: to the next thing that will happen")
    parser.add_argument("--to", metavar="INSTANT", help="such as 2022-11-30T21:00:00Z")


def _configure_scenarios(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a script's id, a play's number, or `scripts`")


def _configure_fault(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("client", metavar="CLIENT")
    parser.add_argument("fault", metavar="FAULT", help="disconnect, gap, slow, crash, ...")
    parser.add_argument("--seconds", type=float, help="of those that last")


def _fault(door: VenuesDoor, options: argparse.Namespace) -> Answer:
    venue = _venue(door, options)
    path = ("venues", venue, "sessions", options.client, options.fault)
    return door.post(*path, seconds=options.seconds)


WORDS: Mapping[str, Word] = {
    "status": Word("the venues", _nothing, _sees("venues"), show_venues),
    "sessions": Word("their FIX sessions", _nothing, _sees("sessions"), show_sessions),
    "books": Word(
        "both sides of a book",
        _takes("symbol"),
        _looks("books", "symbol"),
        show_book,
        "AAPL --venue XSIM",
    ),
    "orders": Word("every order", _nothing, _looks("orders"), show_orders, "--venue XSIM"),
    "halt": Word(
        "stop a symbol", _takes("symbol"), _does("halt", "symbol"), show_done, "AAPL --venue XSIM"
    ),
    "resume": Word(
        "let it trade again",
        _takes("symbol"),
        _does("resume", "symbol"),
        show_done,
        "AAPL --venue XSIM",
    ),
    "bust": Word(
        "cancel a trade",
        _takes("exec_id"),
        _does("bust", "exec_id"),
        show_done,
        "XSIM-20221130-000002 --venue XSIM",
    ),
    "correct": Word(
        "correct a trade",
        _takes("exec_id", "--price", "--quantity"),
        _does("correct", "exec_id", "price", "quantity"),
        show_done,
        "XSIM-20221130-000002 --price 147.50 --venue XSIM",
    ),
    "cancel": Word(
        "cancel an order that nobody asked to cancel",
        _takes("order_id", "--text"),
        _does("cancel", "order_id", "text"),
        show_done,
        'XSIM-000001 --text "desk closed" --venue XSIM',
    ),
    "restate": Word(
        "change an order that nobody asked to change",
        _takes("order_id", "--quantity", "--price"),
        _does("restate", "order_id", "quantity", "price"),
        show_done,
        "XSIM-000001 --quantity 900 --venue XSIM",
    ),
    "execute": Word(
        "trade an order beside the book, a closed one too",
        _takes("order_id", "quantity", "price"),
        _does("execute", "order_id", "quantity", "price"),
        show_done,
        "XSIM-000001 100 147.50 --venue XSIM",
    ),
    "stop": Word(
        "guarantee an order a price",
        _takes("order_id", "quantity", "price"),
        _does("stop", "order_id", "quantity", "price"),
        show_done,
        "XSIM-000001 100 147.50 --venue XSIM",
    ),
    "refuse": Word(
        "refuse the change that an order waits for",
        _takes("order_id"),
        _does("refuse", "order_id"),
        show_done,
        "XSIM-000001 --venue XSIM",
    ),
    "inject": Word(
        "an order of a stranger",
        _takes("side", "quantity", "symbol", "--price"),
        _does("inject", "side", "quantity", "symbol", "price"),
        show_done,
        "buy 5000 AAPL --price 148 --venue XSIM",
    ),
    "telephone": Word(
        "an order of a client by telephone",
        _takes("client", "side", "quantity", "symbol", "--price", "--cl_ord_id"),
        _does("telephone", "client", "side", "quantity", "symbol", "price", "cl_ord_id"),
        show_done,
        "TRIMTAB buy 1000 AAPL --price 148 --venue XSIM",
    ),
    "split": Word(
        "new shares for old, such as 2:1",
        _takes("symbol", "ratio"),
        _does("split", "symbol", "ratio"),
        show_done,
        "AAPL 4:1 --venue XSIM",
    ),
    "end-of-day": Word(
        "end the day, write the end-of-day file",
        _nothing,
        _does("end-of-day"),
        show_done,
        "--venue XSIM",
    ),
    "open": Word(
        "trade again on the same date", _nothing, _does("open"), show_done, "--venue XSIM"
    ),
    "step": Word("move a stepped clock", _configure_step, _step, show_done, "60"),
    "scenarios": Word(
        "order state changes: what was played, and how it ended",
        _configure_scenarios,
        _looks("scenarios", "name"),
        show_scenarios,
        "--venue XSIM",
    ),
    "next-day": Word(
        "morning for the scenarios that wait for it",
        _nothing,
        _does("scenario-next-day"),
        show_done,
        "--venue XSIM",
    ),
    "call": Word(
        "begin a scenario that begins with a telephone call",
        _takes("scenario", "client", "--quantity"),
        _does("scenario-start", "scenario", "client", "quantity"),
        show_done,
        "E.1.a TRIMTAB --quantity 1000 --venue XSIM",
    ),
    "faults": Word("what the faults file has done", _nothing, _sees("faults"), show_faults),
    "fault": Word(
        "let a session go wrong now",
        _configure_fault,
        _fault,
        show_done,
        "TRIMTAB disconnect --venue XSIM",
    ),
}
