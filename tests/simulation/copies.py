"""Drop copies at the end of a history: what they got wrong was told, and nothing else was."""

from collections.abc import Iterator

from gateway.comparison import DIFFERS, UNMATCHED
from tests.simulation.history import History
from tests.simulation.venue import SimVenue
from tests.simulation.witness import ViolationError


def compare(history: History) -> None:
    """The breaks that people were told of, and what the back offices did."""
    differing, unmatched = (set(_told(history, kind)) for kind in (DIFFERS, UNMATCHED))
    for venue in history.venues.values():
        wrong = {(venue.name, exec_id) for exec_id in venue.back_office.wrong}
        if contradicted := {one for one in differing if one[0] == venue.name} - wrong:
            raise ViolationError(f"[5] the drop copy contradicts what is booked: {contradicted}")
        if history.has_copies(venue.name):
            _ask_whether_told(history, venue, differing, unmatched)


def _ask_whether_told(
    history: History,
    venue: SimVenue,
    differing: set[tuple[str, str]],
    unmatched: set[tuple[str, str]],
) -> None:
    booked = history.witness.executions()
    wrong = {(venue.name, exec_id) for exec_id in venue.back_office.wrong}
    if untold := (wrong & booked.keys()) - differing:
        raise ViolationError(
            f"[5] copies differ from what is booked, and nobody was told: {untold}"
        )
    if untold := {(venue.name, exec_id) for exec_id in venue.back_office.invented} - unmatched:
        raise ViolationError(f"[5] copies of nothing were not told: {untold}")


def _told(history: History, kind: str) -> Iterator[tuple[str, str]]:
    """Venue and ExecID of each break of a kind."""
    for found, subject in history.witness.breaks():
        if found == kind:
            venue, _, exec_id = subject.split(" ")
            yield venue, exec_id
