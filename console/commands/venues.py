"""`trimtab venues`: the simulated venues, a program of their own, and what operators ask of it."""

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import NoReturn

from console.venues_door import VenuesDoor, state_directory
from console.venues_words import WORDS, run_word
from domain.errors import ExitCode, UnknownNameError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "trimtab venues [SIMULATOR ARGUMENTS] | trimtab venues WORD [OPTIONS]"
    width = max(len(word) for word in WORDS) + 2
    words = "\n".join(f"  {word:<{width}}{WORDS[word].summary}" for word in WORDS)
    parser.description = (
        "Run the simulated venues; the same as `python -m simulator`. Without arguments: "
        "--config venues.toml beside the configuration."
    )
    parser.epilog = (
        f"asked of venues that run:\n{words}\n\n`trimtab venues WORD --help` tells its options.\n\n"
        "example: trimtab venues --config venues.toml, then trimtab venues halt AAPL --venue XSIM"
    )


def run(arguments: argparse.Namespace) -> int:
    given: list[str] = arguments.arguments
    venues_file: Path = arguments.config.parent / "venues.toml"
    if given and given[0] not in WORDS and not given[0].startswith("-"):
        near = difflib.get_close_matches(given[0], WORDS, n=1)
        remedy = f"did you mean {near[0]}?" if near else "`trimtab venues --help` lists them"
        raise UnknownNameError(f"there is no word {given[0]!r} for venues; {remedy}")
    if not given or given[0] not in WORDS:
        command = [sys.executable, "-m", "simulator", *(given or ["--config", str(venues_file)])]
        os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell
    return _ask(given[0], given[1:], venues_file)


def _ask(word: str, given: list[str], venues_file: Path) -> int:
    parser = _Parser(
        prog=f"trimtab venues {word}",
        description=f"{WORDS[word].summary[0].upper()}{WORDS[word].summary[1:]}.",
        allow_abbrev=False,
        epilog=f"example: trimtab venues {word} {WORDS[word].example}".rstrip(),
    )
    WORDS[word].configure(parser)
    parser.add_argument("--venue", metavar="NAME", help="default: the only one")
    parser.add_argument("--state", type=Path, metavar="DIR", help="default: that of venues.toml")
    parser.add_argument("--control", metavar="URL", help="the door, as the ready line names it")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(given)
    if options.control is not None:
        door = VenuesDoor(options.control)
    else:
        door = VenuesDoor.of_state(options.state or state_directory(venues_file))
    return run_word(word, door, options)


class _Parser(argparse.ArgumentParser):
    """argparse with the exit code of sysexits."""

    def error(self, message: str) -> NoReturn:
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}\n")
