"""The audit chain: any edit, deletion, swap, insertion or truncation is found where it begins."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit import Anchor, AuditEntry, link, verify
from domain.codec import to_plain

START = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
words = st.text("abcxyz :", min_size=1, max_size=8)
bodies = st.dictionaries(words, st.integers() | words | st.none(), max_size=3)
facts = st.lists(st.tuples(words, words, words, bodies), min_size=2, max_size=8)


def chain(told) -> tuple[AuditEntry, ...]:
    entries: list[AuditEntry] = []
    for number, (actor, kind, subject, body) in enumerate(told):
        head = Anchor(entries[-1].sequence, entries[-1].hash) if entries else None
        at = START + timedelta(seconds=number)
        entries.append(link(head, at=at, actor=actor, kind=kind, subject=subject, body=body))
    return tuple(entries)


def head(entries) -> tuple[Anchor, ...]:
    return (Anchor(entries[-1].sequence, entries[-1].hash),)


@given(told=facts)
def test_a_chain_that_nobody_touched_holds(told):
    entries = chain(told)

    assert verify(entries, head(entries)) is None
    assert verify(entries, ()) is None
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))


@given(told=st.lists(st.tuples(st.text(), st.text(), st.text(), bodies), min_size=1, max_size=3))
def test_a_hash_is_of_the_canonical_list_of_all_fields(told):
    """Whoever has an export can check it with nothing but JSON and SHA-256."""
    for entry in chain(told):
        *content, found = (getattr(entry, field.name) for field in fields(AuditEntry))
        text = json.dumps([to_plain(one) for one in content], separators=(",", ":"))
        assert found == hashlib.sha256(text.encode()).hexdigest()


@given(told=facts, data=st.data())
def test_an_edit_of_any_field_is_found_at_its_entry(told, data):
    entries = chain(told)
    place = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from([f.name for f in fields(AuditEntry)]))
    old = getattr(entries[place], name)
    new = old + 1 if name == "sequence" else old + timedelta(days=1) if name == "at" else old + "!"
    edited = (*entries[:place], replace(entries[place], **{name: new}), *entries[place + 1 :])

    assert verify(edited, head(entries)).sequence == place + 1


@given(told=facts, data=st.data())
def test_a_deletion_is_found(told, data):
    entries = chain(told)
    place = data.draw(st.integers(0, len(entries) - 1))

    found = verify(entries[:place] + entries[place + 1 :], head(entries))

    assert found is not None
    assert found.sequence == place + 1 or "cut off" in found.message


@given(told=facts, data=st.data())
def test_a_swap_is_found(told, data):
    entries = list(chain(told))
    place = data.draw(st.integers(0, len(entries) - 2))
    entries[place], entries[place + 1] = entries[place + 1], entries[place]

    assert verify(entries, ()).sequence == place + 1


@given(told=facts, data=st.data())
def test_a_truncation_is_found_by_the_anchor_alone(told, data):
    entries = chain(told)
    kept = data.draw(st.integers(0, len(entries) - 1))

    assert verify(entries[:kept], ()) is None, "the chain by itself cannot know"
    found = verify(entries[:kept], head(entries))
    assert "cut off" in found.message
    assert found.sequence == len(entries)


@given(told=facts, data=st.data())
def test_history_that_was_written_anew_is_found_by_any_later_anchor(told, data):
    """Recomputing every hash after an edit makes a chain that holds, but not at the anchors."""
    entries = chain(told)
    place = data.draw(st.integers(0, len(told) - 1))
    actor, kind, subject, body = told[place]
    forged = chain([*told[:place], (actor + "!", kind, subject, body), *told[place + 1 :]])
    anchored = data.draw(st.integers(place, len(entries) - 1))

    assert verify(forged, ()) is None
    found = verify(forged, (Anchor(entries[anchored].sequence, entries[anchored].hash),))
    assert (found.sequence, "differs from the anchor" in found.message) == (anchored + 1, True)


@given(told=facts)
def test_a_crash_before_the_anchor_was_written_is_no_tampering(told):
    entries = chain(told)

    assert verify(entries, head(entries[:1])) is None


def test_an_anchor_of_an_empty_chain_means_that_everything_is_gone():
    entries = chain([("a", "b", "c", {})])

    assert verify((), ()) is None
    assert verify((), head(entries)).sequence == 1


def test_a_naive_time_or_a_float_never_enters_the_chain():
    naive = START.replace(tzinfo=None)
    for at, body in ((naive, {}), (START, {"price": 1.5})):
        with pytest.raises((TypeError, ValueError)):
            link(None, at=at, actor="a", kind="b", subject="c", body=body)
