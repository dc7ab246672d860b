"""What of a long optimisation is answered: kept every few seconds, found again after a crash.

An answer belongs to the rules that it was computed under: those of other rules are not taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from domain.codec import decode, encode
from domain.ports import Clock, Vault
from domain.proposals import AccountProposal, Outcome
from domain.runs import Step

log = structlog.get_logger("scheduler")

KEEP_EVERY = timedelta(seconds=10)  # What a crash costs at most; a shorter run keeps nothing.


class Answered(Protocol):
    """Where a batch finds what was answered before, and leaves what it answers."""

    def before(self, basis: str) -> tuple[AccountProposal, ...]: ...
    def keep(self, found: Sequence[AccountProposal]) -> None: ...


class Nothing:
    """Nothing was answered before, and nothing is kept."""

    def before(self, _basis: str) -> tuple[AccountProposal, ...]:
        """No answers."""
        return ()

    def keep(self, found: Sequence[AccountProposal]) -> None:
        """Forget them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some answers of a step; `basis` names what beside the snapshot they follow from."""

    basis: str
    proposals: tuple[AccountProposal, ...]


class Parts:
    """`Answered` for one run, in the vault. Used by one thread."""

    def __init__(self, vault: Vault, clock: Clock, run_id: UUID) -> None:
        self._vault, self._clock, self._run_id = vault, clock, run_id
        self._basis = ""
        self._waiting: list[AccountProposal] = []
        self._kept_at = clock.now()

    def before(self, basis: str) -> tuple[AccountProposal, ...]:
        """The answers of an earlier try on the same `basis`; what is kept from now on has it."""
        self._basis = basis
        with self._vault.read() as view:
            parts = [decode(_Part, text) for text in view.runs.parts(self._run_id, Step.OPTIMISE)]
        found = {p.account_id: p for part in parts if part.basis == basis for p in part.proposals}
        if found:
            log.info("optimisation_resumed", accounts=len(found))
        return tuple(found.values())

    def keep(self, found: Sequence[AccountProposal]) -> None:
        """Remember these for the next write. What FAILED is tried again after a crash."""
        self._waiting += [one for one in found if one.outcome is not Outcome.FAILED]
        now = self._clock.now()
        if not self._waiting or now - self._kept_at < KEEP_EVERY:
            return
        document = encode(_Part(basis=self._basis, proposals=tuple(self._waiting)))
        with self._vault.write() as uow:
            uow.runs.keep_part(self._run_id, Step.OPTIMISE, document, now)
        self._waiting, self._kept_at = [], now
