"""The command line: finds the command, runs it, and turns what went wrong into one sentence.

Exit codes are those of sysexits(3) in `domain.errors.ExitCode`; 1 says that a
check does not hold.
"""

import argparse
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from console.registry import BY_NAME, ENTRIES, Entry
from domain.errors import ExitCode, TrimtabError

VERSION = "0.1.0"
_DEFAULT_CONFIG = "trimtab.toml"
_BROKEN_PIPE = 141  # 128 + SIGPIPE, as a shell reports it.
_INTERRUPTED = 130  # 128 + SIGINT.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _dispatch(given)
        sys.stdout.flush()
    except TrimtabError as error:
        return _complain(error)
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not notice it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a fault of ours: 1 would say that a check does not hold
        return _fault(error)
    return code


def _dispatch(given: list[str]) -> int:
    config, rest = _global_options(given)
    if not rest:
        _top_parser().print_help()
        return ExitCode.USAGE if not given else ExitCode.OK
    entry = BY_NAME.get(" ".join(rest[:2])) or BY_NAME.get(rest[0])
    if entry is None:
        _top_parser().error(_unknown(rest[0]))
    rest = rest[1 + entry.name.count(" ") :]
    if entry.passes_through and not {"-h", "--help"} & set(rest[:1]):
        return _run(entry, argparse.Namespace(config=_config_path(config), arguments=rest))
    parser = _Parser(
        prog=f"trimtab {entry.name}",
        description=entry.summary[0].upper() + entry.summary[1:] + ".",
        epilog=f"example: {entry.example}",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="default: $TRIMTAB_CONFIG, then trimtab.toml"
    )
    module = _module(entry)
    module.configure(parser)
    parsed = parser.parse_args(rest)
    parsed.config = _config_path(parsed.config or config)
    return int(module.run(parsed))


def _run(entry: Entry, arguments: argparse.Namespace) -> int:
    return int(_module(entry).run(arguments))


def _module(entry: Entry) -> Any:
    return importlib.import_module(entry.module)


def _global_options(given: list[str]) -> tuple[str | None, list[str]]:
    """What stands before the command: `--config`, `--version`, `--help`."""
    parser = _top_parser()
    position = 0
    while position < len(given) and given[position].startswith("-"):
        position += 2 if given[position] == "--config" else 1
    parsed = parser.parse_args(given[:position])
    return parsed.config, given[position:]


def _config_path(given: str | None) -> Path:
    return Path(given or os.environ.get("TRIMTAB_CONFIG") or _DEFAULT_CONFIG)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, BY_NAME, n=1)
    hint = f"did you mean {near[0]}?" if near else "`trimtab --help` lists the commands"
    return f"there is no command {name!r}; {hint}"


def _top_parser() -> "_Parser":
    width = max(len(entry.name) for entry in ENTRIES) + 2
    commands = "\n".join(f"  {entry.name:<{width}}{entry.summary}" for entry in ENTRIES)
    parser = _Parser(
        prog="trimtab",
        usage="trimtab [--config FILE] COMMAND [ARGUMENTS]",
        description="Keeps client portfolios on their targets.",
        epilog=f"commands:\n{commands}\n\n`trimtab COMMAND --help` tells more and has an example.",
    )
    parser.add_argument("--config", metavar="FILE", help="default: $TRIMTAB_CONFIG, trimtab.toml")
    parser.add_argument("--version", action="version", version=f"trimtab {VERSION}")
    return parser


class _Parser(argparse.ArgumentParser):
    """argparse with the exit code of sysexits and no guessing of abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings
        )

    def error(self, message: str) -> NoReturn:
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}\n")


def _complain(error: TrimtabError) -> int:
    sys.stderr.write(f"trimtab: {error}\n")
    return error.exit_code


def _fault(error: Exception) -> int:
    """A file or folder in our way is a sentence; everything else is a fault, with its traceback."""
    if not isinstance(error, OSError) or error.filename is None:
        traceback.print_exception(error)
        return ExitCode.INTERNAL
    what = str(error.strerror or error).lower()
    sys.stderr.write(
        f"trimtab: {error.filename}: {what}; "
        "look whether it is there and whether you may read and write it\n"
    )
    return ExitCode.MISSING


if __name__ == "__main__":
    sys.exit(main())
