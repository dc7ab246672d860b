"""Faults of sessions, as acts of this program: which of the session layer's own does which."""

from collections.abc import Callable, Mapping

from simulator.fix.instant import Instant
from simulator.fix.session import Session
from simulator.running.faults import Act, Do

_BEGINNING = 1


def apply_to_session(session: Session, act: Act, instant: Instant) -> None:
    """Let it go wrong, from now on or until the act's seconds are over."""
    _DONE_BY[act.do](session, act, instant)


def _disconnect(session: Session, _: Act, __: Instant) -> None:
    session.faults.disconnect()


def _gap(session: Session, _: Act, __: Instant) -> None:
    session.faults.lose()


def _checksum(session: Session, _: Act, __: Instant) -> None:
    session.faults.damage()


def _possible_duplicate(session: Session, _: Act, instant: Instant) -> None:
    session.repeat(instant, possible_duplicate=True)


def _reset_sequence(session: Session, _: Act, instant: Instant) -> None:
    session.reset_sequence(_BEGINNING, instant)


def _refuse_resend(session: Session, act: Act, instant: Instant) -> None:
    session.faults.refuse_resends(instant.seconds + act.seconds)


def _slow(session: Session, act: Act, instant: Instant) -> None:
    session.faults.stop_reading(instant.seconds + act.seconds)


def _silent(session: Session, act: Act, instant: Instant) -> None:
    session.faults.fall_silent(instant.seconds + act.seconds)


_DONE_BY: Mapping[Do, Callable[[Session, Act, Instant], None]] = {
    Do.DISCONNECT: _disconnect,
    Do.GAP: _gap,
    Do.CHECKSUM: _checksum,
    Do.POSSIBLE_DUPLICATE: _possible_duplicate,
    Do.RESET_SEQUENCE: _reset_sequence,
    Do.REFUSE_RESEND: _refuse_resend,
    Do.SLOW: _slow,
    Do.SILENT: _silent,
}
