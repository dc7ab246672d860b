"""The audit trail: each entry carries the hash of the one before it.

Entry n's hash covers its number, time, actor, kind, subject, body and the hash
of entry n-1, so an edit, a deletion or a swap breaks the chain. Truncation is
seen against an anchor: number and hash of the head, kept outside the database.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted

from domain.codec import encode as canonical
from domain.codec import instant_text
from domain.values import quickly_made

GENESIS = "0" * 64


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One decision or event, with its place in the chain. `body` is canonical JSON text."""

    sequence: int
    at: datetime
    actor: str  # A person's name, or the component: "scheduler", "optimizer", ...
    kind: str  # Constant, past tense: "run_approved".
    subject: str  # What it is about: run id, ClOrdID, account id, file.
    body: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of the chain as written outside the database."""

    sequence: int
    hash: str


BEGINNING = Anchor(0, GENESIS)  # What the first entry follows.


@dataclass(frozen=True, slots=True)
class Tampering:
    """Where the chain does not hold, and how one can see it."""

    sequence: int
    message: str


def hash_of(
    *, sequence: int, at: datetime, actor: str, kind: str, subject: str, body: str, previous: str
) -> str:
    """SHA-256 over the canonical text of everything in the entry."""
    words = f"{quoted(actor)},{quoted(kind)},{quoted(subject)},{quoted(body)},{quoted(previous)}"
    text = f'[{sequence},"{instant_text(at)}",{words}]'  # A canonical list of them all.
    return hashlib.sha256(text.encode()).hexdigest()


def link(
    head: Anchor | None, *, at: datetime, actor: str, kind: str, subject: str, body: object
) -> AuditEntry:
    """The entry that follows `head` (None for the first)."""
    sequence = 1 if head is None else head.sequence + 1
    previous = GENESIS if head is None else head.hash
    text = canonical(body)
    return AuditEntry(
        sequence=sequence,
        at=at,
        actor=actor,
        kind=kind,
        subject=subject,
        body=text,
        previous_hash=previous,
        hash=hash_of(
            sequence=sequence,
            at=at,
            actor=actor,
            kind=kind,
            subject=subject,
            body=text,
            previous=previous,
        ),
    )


def verify(
    entries: Iterable[AuditEntry], anchors: Iterable[Anchor], *, start: Anchor = BEGINNING
) -> Tampering | None:
    """None when the chain holds and every anchor lies on it; else the first place it does not.

    `entries` are those after `start`. The chain may be longer than the last anchor (a crash
    between commit and anchoring); it may never be shorter.
    """
    sequence, previous = start.sequence, start.hash
    expected = {anchor.sequence: anchor.hash for anchor in anchors if anchor.sequence > sequence}
    for entry in entries:
        sequence += 1
        if entry.sequence != sequence:
            return Tampering(sequence, f"entry {sequence} is missing: found {entry.sequence}")
        if entry.previous_hash != previous:
            return Tampering(sequence, f"entry {sequence} does not follow the one before it")
        recomputed = hash_of(
            sequence=sequence,
            at=entry.at,
            actor=entry.actor,
            kind=entry.kind,
            subject=entry.subject,
            body=entry.body,
            previous=previous,
        )
        if recomputed != entry.hash:
            return Tampering(sequence, f"entry {sequence} was edited: its hash does not match")
        previous = entry.hash
        if sequence in expected and expected.pop(sequence) != previous:
            return Tampering(sequence, f"entry {sequence} differs from the anchor")
    if expected:
        last = max(expected)
        return Tampering(last, f"the chain ends at {sequence}, the anchor is at {last}: cut off")
    return None
