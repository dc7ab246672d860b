"""Who speaks, and when: what must be right in every message before its number is looked at."""

from simulator.fix.codec import Incoming
from simulator.fix.instant import Instant, read_stamp
from simulator.fix.profile import SessionProfile
from simulator.fix.rejection import Fault, Reason

_TRUSTED_SECONDS = 1.0  # How long a second of SendingTime that was right needs no second look.
_SECOND = 17  # Characters of YYYYMMDD-HH:MM:SS.


class Scrutiny:
    """Of one connection. A fault of reason REQUIRED_TAG_MISSING costs the message, others all."""

    def __init__(self, profile: SessionProfile) -> None:
        self._client, self._venue = profile.client, profile.venue
        self._limit_seconds = profile.sending_time_seconds
        self._good_second, self._good_at = "", 0.0

    def fault(self, message: Incoming, now: Instant) -> Fault | None:
        """CompIDs, SendingTime, and OrigSendingTime of a possible duplicate."""
        fields = message.fields
        if fields.get("49") != self._client:
            return _other_name("SenderCompID(49)", "49")
        if fields.get("56") != self._venue:
            return _other_name("TargetCompID(56)", "56")
        if not self._is_timely(fields.get("52", ""), now):
            return untimely(self._limit_seconds)
        return _unexplained(message) if fields.get("43") == "Y" else None

    def _is_timely(self, text: str, now: Instant) -> bool:
        """What is badly formatted is the dictionary's business."""
        second = text[:_SECOND]
        if not self._limit_seconds or (
            second == self._good_second and now.seconds < self._good_at + _TRUSTED_SECONDS
        ):
            return True
        moment = read_stamp(text)
        if moment is not None and abs((moment - now.wall).total_seconds()) > self._limit_seconds:
            return False
        self._good_second, self._good_at = second, now.seconds
        return True


def untimely(limit_seconds: int) -> Fault:
    """SendingTime is too far from our clock."""
    text = f"SendingTime(52) is more than {limit_seconds} s from our clock"
    return Fault(Reason.SENDING_TIME_ACCURACY, text, "52")


def _other_name(name: str, tag: str) -> Fault:
    return Fault(Reason.COMP_ID_PROBLEM, f"{name} is not the one of the Logon", tag)


def _unexplained(message: Incoming) -> Fault | None:
    """A possible duplicate must say when it was first sent, and not after it was sent again."""
    first = message.get("122")
    if not first:
        text = "OrigSendingTime(122) is required where PossDupFlag(43) is Y"
        return Fault(Reason.REQUIRED_TAG_MISSING, text, "122")
    if first[:_SECOND] > message.get("52")[:_SECOND]:
        text = "OrigSendingTime(122) is after SendingTime(52)"
        return Fault(Reason.SENDING_TIME_ACCURACY, text, "122")
    return None
