"""One whole trial, as the command and the tests start it."""

from collections.abc import Callable
from pathlib import Path

from tests.chaos.databases import open_database
from tests.chaos.folder import Folder
from tests.chaos.trial import Outcome, Trial
from tests.chaos.wire import Wire


def run(
    kills: int,
    database: str,
    seed: int,
    directory: Path,
    tell: Callable[[str], None],
    *,
    minutes: float = 0,
) -> Outcome:
    """A trial in `directory`, which must be empty; raises `TrialFailedError`.

    `database` is `sqlite`, `postgres` or the URL of an empty PostgreSQL database. After the
    kills the load goes on for `minutes`.
    """
    with open_database(database, directory) as opened:
        folder = Folder.create(directory, seed=seed, url=opened.url)
        with Wire(folder.wire()) as wire, Trial(folder, opened, wire, tell) as trial:
            return trial.run(kills, minutes)
