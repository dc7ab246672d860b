"""The second person: what one person proposes counts once another one agrees.

A proposal is kept in the audit trail and nowhere else, and the newest about a subject is the one
that is agreed to. That there are two persons is asked here; whether the proposal still fits what
has happened since is known only where it was made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from unicodedata import normalize

from domain.codec import decode
from domain.errors import BadInputError
from domain.ports import UnitOfWork

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken(Generic[P]):
    """What one person proposed."""

    by: str
    proposal: P


@dataclass(frozen=True, slots=True)
class Proposals(Generic[P]):
    """Proposals of one kind: the audit trail's word for them, and what each one says."""

    kind: str
    form: type[P]

    def write(self, uow: UnitOfWork, subject: str, proposal: P, *, by: str, at: datetime) -> None:
        """Write down what the first person says of `subject`."""
        uow.audit.append(at=at, actor=by, kind=self.kind, subject=subject, body=proposal)

    def about(self, view: UnitOfWork, subject: str) -> tuple[Spoken[P], ...]:
        """Every proposal about `subject`, oldest first."""
        return tuple(
            Spoken(by=entry.actor, proposal=decode(self.form, entry.body))
            for entry in view.audit.about(subject)
            if entry.kind == self.kind
        )

    def newest(self, view: UnitOfWork, subject: str) -> Spoken[P] | None:
        """The proposal that can be agreed to; None where nobody has said anything."""
        return next(reversed(self.about(view, subject)), None)


def require_second(
    first: str, by: str, refused: Callable[[str], BadInputError], *, did: str
) -> None:
    """Let `by` agree to what `first` did, in words like "proposed this split".

    Raises what `refused` makes of the reason: `by` is the same person, or nobody.
    """
    if not by.strip():
        raise refused("to agree needs the name of who agrees; say it with --by")
    if is_same_person(first, by):
        raise refused(f"{by} {did}; ask a second person to agree")


def is_same_person(one: str, other: str) -> bool:
    """Whether two names, as people write them, are one person's: case and spaces tell nothing."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())
