"""Options that several commands share."""

import argparse
import getpass
import os
from datetime import date
from pathlib import Path

from domain.errors import BadInputError


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_by(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """`--by WHO`: the person whose decision it is."""
    note = "" if required else " (default: the user of this shell)"
    parser.add_argument("--by", metavar="WHO", required=required, help="who decides" + note)


def add_why(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """`--why TEXT`: the reason, for the audit trail."""
    parser.add_argument(
        "--why", metavar="TEXT", required=required, default="", help="the reason, kept for ever"
    )


def person(given: str | None) -> str:
    """The name given, or the user of this shell; blank and unprintable names are refused."""
    if given is None:
        try:
            given = getpass.getuser()
        except (KeyError, OSError):
            given = f"uid-{os.getuid()}"
    return sentence(given, "--by")


def sentence(text: str, option: str) -> str:
    """A text that can stand in the audit trail: not blank, nothing unprintable."""
    text = text.strip()
    if not text or not text.isprintable():
        raise BadInputError(f"{option} must be a printable text that is not blank")
    return text


def positive(text: str) -> int:
    """A whole number above zero, as an argparse type."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 10_000):
        raise argparse.ArgumentTypeError(f"must be 1 to 10000, not {text!r}")
    return int(text)


def day(text: str) -> date:
    """A day as YYYY-MM-DD, as an argparse type."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a day as 2026-03-31, not {text!r}") from None


def folder(text: str) -> Path:
    """A folder's absolute path, as an argparse type; an empty text is an unset variable."""
    if not text.strip():
        raise argparse.ArgumentTypeError("needs the name of a folder; the text given is empty")
    return Path(text).expanduser().absolute()
