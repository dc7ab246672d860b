"""What a Logon must say, and what it is answered with."""

import hmac
from datetime import datetime

from simulator.fix.codec import SOH, Incoming
from simulator.fix.dictionary import Dictionary
from simulator.fix.instant import read_stamp
from simulator.fix.profile import SessionProfile
from simulator.fix.scrutiny import untimely

_LONGEST_HEARTBEAT_SECONDS = 86_400


def refusal(
    profile: SessionProfile, dictionary: Dictionary, message: Incoming, wall: datetime
) -> str | None:
    """Why this Logon is not taken; None when it may be. The numbers are the session's business."""
    fault = dictionary.check(message)
    if fault is not None:
        return fault.text
    return (
        _time_refusal(profile, message, wall)
        or _terms_refusal(profile, message)
        or _credentials_refusal(profile, message)
    )


def answer(profile: SessionProfile, message: Incoming, next_in: int) -> str:
    """The body of our Logon."""
    parts = [f"98=0{SOH}108={message.get('108')}{SOH}"]
    if message.get("141") == "Y":
        parts.append(f"141=Y{SOH}")
    if message.get("789"):
        parts.append(f"789={next_in}{SOH}")
    if profile.version.application:
        parts.append(f"1137={profile.version.application}{SOH}")
    return "".join(parts)


def _time_refusal(profile: SessionProfile, message: Incoming, wall: datetime) -> str | None:
    limit = profile.sending_time_seconds
    moment = read_stamp(message.get("52"))
    if moment is None:
        return "SendingTime(52) is not a day of the calendar"
    if limit and abs((moment - wall).total_seconds()) > limit:
        return untimely(limit).text
    return None


def _terms_refusal(profile: SessionProfile, message: Incoming) -> str | None:
    if message.get("98") != "0":
        return "EncryptMethod(98) must be 0: encrypt the connection instead"
    heartbeat = int(message.get("108"))
    if not 0 <= heartbeat <= _LONGEST_HEARTBEAT_SECONDS:
        return f"HeartBtInt(108) must be 0 to {_LONGEST_HEARTBEAT_SECONDS} seconds, not {heartbeat}"
    if profile.heartbeat_seconds and heartbeat != profile.heartbeat_seconds:
        return f"HeartBtInt(108) must be {profile.heartbeat_seconds}, not {heartbeat}"
    application = profile.version.application
    if application and message.get("1137") != application:
        return f"DefaultApplVerID(1137) must be {application} (FIX 5.0 SP2)"
    return None


def _credentials_refusal(profile: SessionProfile, message: Incoming) -> str | None:
    """Both are compared whatever the first gives, in a time that does not depend on them."""
    if not profile.password:
        return None
    username, password = (message.get(tag).encode("latin-1") for tag in ("553", "554"))
    known = hmac.compare_digest(username, profile.username.encode())
    right = hmac.compare_digest(password, profile.password.encode())
    if (known or not profile.username) and right:
        return None
    return "Username(553) or Password(554) is wrong"
