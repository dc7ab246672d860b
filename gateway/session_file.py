"""The session file that Trimtab writes for a new desk, in QuickFIX's own format."""

from collections.abc import Mapping
from pathlib import Path

from gateway.dictionary import standard_path
from gateway.sessioncfg import FIX44


def write_session_config(
    path: Path,
    venues: Mapping[str, tuple[str, int]],
    *,
    store: Path,
    client: str = "TRIMTAB",
    heartbeat_seconds: int = 30,
    reconnect_seconds: int = 1,
    dictionary: Path | None = None,
    begin_string: str = FIX44,
) -> dict[str, str]:
    """Write a session file for `venues` (name -> host and port); returns the session of each.

    `store` is the folder for the sequence numbers; each session gets its own
    files in it.
    """
    lines = [
        "# FIX sessions of Trimtab, in QuickFIX's own format.",
        "[DEFAULT]",
        "ConnectionType=initiator",
        f"BeginString={begin_string}",
        f"SenderCompID={client}",
        f"HeartBtInt={heartbeat_seconds}",
        f"ReconnectInterval={reconnect_seconds}",
        "NonStopSession=Y",
        "SocketNodelay=Y",
        f"FileStorePath={store}",
        *_dictionaries(begin_string, dictionary),
        "UseDataDictionary=Y",
        "AllowUnknownMsgFields=Y",
        "ValidateUserDefinedFields=N",
        "ValidateFieldsHaveValues=N",
        "ValidateFieldsOutOfOrder=N",
        "ResetOnLogon=N",
        "ResetOnLogout=N",
        "ResetOnDisconnect=N",
        "PersistMessages=Y",
        "TimestampPrecision=6",
    ]
    sessions: dict[str, str] = {}
    for venue, (host, port) in venues.items():
        lines += [
            "",
            "[SESSION]",
            f"TargetCompID={venue}",
            f"SocketConnectHost={host}",
            f"SocketConnectPort={port}",
        ]
        sessions[venue] = f"{begin_string}:{client}->{venue}"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return sessions


def _dictionaries(begin_string: str, dictionary: Path | None) -> list[str]:
    """The lines that name what messages are read by; `dictionary` replaces the application's."""
    if begin_string == FIX44:
        return [f"DataDictionary={dictionary or standard_path()}"]
    return [
        "DefaultApplVerID=FIX.5.0SP2",
        f"AppDataDictionary={dictionary or standard_path('FIX50SP2')}",
        f"TransportDataDictionary={standard_path('FIXT11')}",
    ]
