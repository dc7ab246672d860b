"""Errors: what cannot go on, each with the exit code a shell should see.

A rule breach, an infeasible account, a break or a rejected row is a result
and is returned. Only what stops the work is raised, as a class per cause.
"""

from datetime import datetime


class ExitCode:
    """The part of sysexits(3) that Trimtab uses."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 64
    BAD_DATA = 65
    MISSING = 69
    INTERNAL = 70
    TRY_AGAIN = 75
    CONFIG = 78


class TrimtabError(Exception):
    """Something that cannot go on; its text is one clear sentence."""

    exit_code: int = ExitCode.INTERNAL


class BadInputError(TrimtabError):
    """Data from a person, a file or a wire cannot be used."""

    exit_code = ExitCode.BAD_DATA


class ConfigError(TrimtabError):
    """The configuration cannot be used; the text names file, key and remedy."""

    exit_code = ExitCode.CONFIG


class UnknownNameError(TrimtabError):
    """Somebody asked for a run, order, account or trigger that is not there."""

    exit_code = ExitCode.USAGE


class TryAgainError(TrimtabError):
    """Somebody else holds what is needed; the same call may work later."""

    exit_code = ExitCode.TRY_AGAIN


class NotDueError(TryAgainError):
    """Nothing can be done before an instant; what waits until then is kept.

    The end of one of the `awaited` orders, by their intents' ClOrdIDs, makes it due at once.
    """

    def __init__(self, message: str, at: datetime, awaited: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.at, self.awaited = at, awaited


class MissingError(TrimtabError):
    """A part of the machine or the installation is missing."""

    exit_code = ExitCode.MISSING


class InvariantError(TrimtabError):
    """One of our own promises does not hold; sending stops."""
