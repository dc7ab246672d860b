"""The audience: who hears what a commit added to the audit trail, in the order of commits.

The log from the beginning, others from when they are there. Whoever hears raises nothing and
returns at once: a commit is acknowledged only afterwards.
"""

from collections.abc import Sequence

from console import audit_log
from console.opening import Told
from domain.audit import AuditEntry


class Audience:
    """What `open_vault` tells."""

    def __init__(self) -> None:
        self._hearers: tuple[Told, ...] = (audit_log.tell,)

    def join(self, hearer: Told) -> None:
        """From the next commit on."""
        self._hearers = (*self._hearers, hearer)

    def __call__(self, entries: Sequence[AuditEntry]) -> None:
        for hear in self._hearers:
            hear(entries)
