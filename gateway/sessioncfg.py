"""QuickFIX's own session file: read with line numbers, checked, written.

The engine ignores a misspelt key and believes a dangerous one; here both stop
the start, with the line named.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import ConfigError

_KEY_NAMES = """
    AllowUnknownMsgFields AppDataDictionary BeginString CertificateVerifyLevel
    CertificationAuthoritiesDirectory CertificationAuthoritiesFile CheckCompID CheckLatency
    ClientCertificateFile ClientCertificateKeyFile ConnectionType DataDictionary
    DefaultApplVerID Description EndDay EndTime FileStorePath HeartBtInt LogonDay LogonTime
    LogonTimeout LogoutDay LogoutTime LogoutTimeout MaxLatency MillisecondsInTimeStamp
    NonStopSession PersistMessages PreserveMessageFieldsOrder ReconnectInterval RefreshOnLogon
    ResetOnDisconnect ResetOnLogon ResetOnLogout SSLCipherSuite SSLProtocol
    SendNextExpectedMsgSeqNum SendRedundantResendRequests SenderCompID SenderSubID
    SessionQualifier SocketConnectHost SocketConnectPort SocketConnectSourceHost
    SocketConnectSourcePort SocketNodelay SocketReceiveBufferSize SocketSendBufferSize
    StartDay StartTime TargetCompID TargetSubID TimestampPrecision TransportDataDictionary
    UseDataDictionary UseLocalTime ValidateFieldsHaveValues ValidateFieldsOutOfOrder
    ValidateLengthAndChecksum ValidateUserDefinedFields WeekdaysOnly
"""
KEYS = frozenset(_KEY_NAMES.split())

# What a session must say, and why. The engine's own default is the other one or too dangerous.
REQUIRED_VALUES = {
    "ConnectionType": ("initiator", "the gateway connects to venues, it does not listen"),
    "UseDataDictionary": ("Y", "without one repeating groups are scrambled"),
    "AllowUnknownMsgFields": ("Y", "else a fill with an unknown tag is rejected and lost"),
    "ValidateUserDefinedFields": ("N", "else a fill with a custom tag is rejected and lost"),
    "ValidateFieldsHaveValues": ("N", "else a fill with an empty field is rejected and lost"),
    "ValidateFieldsOutOfOrder": ("N", "else a fill with fields in another order is lost"),
}
FORBIDDEN_VALUES = {
    "ResetOnLogon": ("Y", "fills that were sent while we were away would never be asked for"),
    "ResetOnLogout": ("Y", "fills that were sent while we were away would never be asked for"),
    "ResetOnDisconnect": ("Y", "fills that were sent while we were away would never be asked for"),
    "PersistMessages": ("N", "sequence numbers could not be trusted after a restart"),
    "ValidateLengthAndChecksum": ("N", "a garbled fill would be booked"),
    "CheckCompID": ("N", "a message meant for somebody else would be booked"),
}
REQUIRED_KEYS = {
    "BeginString": "for example BeginString=FIX.4.4",
    "SenderCompID": "our name at the venue",
    "TargetCompID": "the venue's name",
    "FileStorePath": "the folder of the sequence numbers",
    "SocketConnectHost": "where the venue listens",
    "SocketConnectPort": "where the venue listens",
    "HeartBtInt": "for example HeartBtInt=30",
}
FIX44, FIXT11 = "FIX.4.4", "FIXT.1.1"
# What a session must say beside, by its BeginString.
REQUIRED_OF_VERSION = {
    FIX44: {"DataDictionary": "the path of FIX44.xml"},
    FIXT11: {
        "DefaultApplVerID": "DefaultApplVerID=FIX.5.0SP2",
        "AppDataDictionary": "the path of FIX50SP2.xml",
        "TransportDataDictionary": "the path of FIXT11.xml",
    },
}
_APPLICATION_VERSION = "FIX.5.0SP2"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value and the line it stands on."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """One [SESSION] with the defaults folded in; `line` is that of its header."""

    path: Path
    line: int
    settings: Mapping[str, Setting]

    def text(self, key: str) -> str | None:
        """The value of `key`, None where it is not set."""
        setting = self.settings.get(key)
        return setting.value if setting else None

    @property
    def name(self) -> str:
        """The session as QuickFIX spells it: `FIX.4.4:TRIMTAB->XSIM`."""
        parts = [self.text(key) or "" for key in ("BeginString", "SenderCompID", "TargetCompID")]
        qualifier = self.text("SessionQualifier")
        return f"{parts[0]}:{parts[1]}->{parts[2]}" + (f":{qualifier}" if qualifier else "")

    @property
    def store(self) -> Path:
        """The folder of this session's sequence numbers."""
        path = self.text("FileStorePath")
        assert path is not None
        return Path(path)

    @property
    def is_fixt(self) -> bool:
        """Whether it speaks FIX 5.0 SP2 over FIXT 1.1."""
        return self.text("BeginString") == FIXT11

    @property
    def application_dictionary(self) -> tuple[str, Path]:
        """The key and the path of the dictionary that application messages are read by."""
        key = "DataDictionary" if self.text("BeginString") == FIX44 else "AppDataDictionary"
        return key, Path(self.text(key) or "")

    @property
    def heartbeat_seconds(self) -> int:
        """How often each side says that it is there."""
        return int(self.text("HeartBtInt") or 0)

    @property
    def wants_tls(self) -> bool:
        """Whether the session has certificates to check the venue with."""
        return self.text("CertificationAuthoritiesFile") is not None


def read_sessions(path: Path) -> tuple[SessionConfig, ...]:
    """Every session of the file, each checked; raises `ConfigError` with file and line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot read the FIX session file: {error}") from error
    defaults, sections = _sections(path, text)
    if "SocketNodelay" not in defaults or defaults["SocketNodelay"].value != "Y":
        line = defaults["SocketNodelay"].line if "SocketNodelay" in defaults else 1
        raise ConfigError(
            f"{path}:{line}: [DEFAULT] must say SocketNodelay=Y (the engine reads it only there; "
            "without it every order waits 40 ms)"
        )
    if not sections:
        raise ConfigError(f"{path}: there is no [SESSION] section; add one for each venue")
    sessions = tuple(
        SessionConfig(path, line, {**defaults, **settings}) for line, settings in sections
    )
    for session in sessions:
        _check(session)
    names = [session.name for session in sessions]
    for session in sessions:
        if names.count(session.name) > 1:
            raise ConfigError(f"{path}:{session.line}: session {session.name} is defined twice")
    return sessions


def _sections(
    path: Path, text: str
) -> tuple[dict[str, Setting], list[tuple[int, dict[str, Setting]]]]:
    defaults: dict[str, Setting] = {}
    sections: list[tuple[int, dict[str, Setting]]] = []
    current: dict[str, Setting] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped == "[DEFAULT]":
            current = defaults
        elif stripped == "[SESSION]":
            current = {}
            sections.append((number, current))
        else:
            key, setting = _setting(path, number, stripped)
            if current is None:
                raise ConfigError(f"{path}:{number}: {key} stands before [DEFAULT] or [SESSION]")
            if key in current:
                raise ConfigError(
                    f"{path}:{number}: {key} was set on line {current[key].line} already"
                )
            current[key] = setting
    return defaults, sections


def _setting(path: Path, number: int, line: str) -> tuple[str, Setting]:
    key, equals, value = (part.strip() for part in line.partition("="))
    if not equals or not value:
        raise ConfigError(f"{path}:{number}: {line!r} is neither a section nor Key=Value")
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{path}:{number}: unknown key {key}{hint}")
    return key, Setting(value, number)


def _check(session: SessionConfig) -> None:
    _require(session, REQUIRED_KEYS)
    version = session.settings["BeginString"]
    if version.value not in REQUIRED_OF_VERSION:
        raise ConfigError(
            f"{session.path}:{version.line}: BeginString={version.value}: "
            f"only {' and '.join(REQUIRED_OF_VERSION)} are spoken"
        )
    _require(session, REQUIRED_OF_VERSION[version.value])
    application = session.settings.get("DefaultApplVerID")
    if application is not None and application.value != _APPLICATION_VERSION:
        raise ConfigError(
            f"{session.path}:{application.line}: DefaultApplVerID={application.value}: "
            f"over FIXT.1.1 only {_APPLICATION_VERSION} is spoken"
        )
    for key, (value, why) in REQUIRED_VALUES.items():
        found = session.settings.get(key)
        if found is None or found.value != value:
            line = found.line if found else session.line
            raise ConfigError(f"{session.path}:{line}: {key} must be {value}: {why}")
    for key, (value, why) in FORBIDDEN_VALUES.items():
        found = session.settings.get(key)
        if found is not None and found.value == value:
            raise ConfigError(f"{session.path}:{found.line}: {key}={value} is refused: {why}")
    for key in ("SocketConnectPort", "HeartBtInt"):
        found = session.settings[key]
        if not (found.value.isascii() and found.value.isdigit() and int(found.value) > 0):
            raise ConfigError(f"{session.path}:{found.line}: {key}={found.value} is not a number")


def _require(session: SessionConfig, keys: Mapping[str, str]) -> None:
    for key, why in keys.items():
        if session.text(key) is None:
            raise ConfigError(f"{session.path}:{session.line}: {key} is missing ({why})")


def render(session: SessionConfig, dictionaries: Mapping[str, Path]) -> str:
    """The text the engine reads for `session`, with these dictionaries by their keys.

    Sockets and certificates are read from [DEFAULT] only, so everything is there.
    """
    values = {key: setting.value for key, setting in session.settings.items()}
    values |= {key: str(path) for key, path in dictionaries.items()}
    body = "".join(f"{key}={value}\n" for key, value in values.items())
    return f"[DEFAULT]\n{body}[SESSION]\nBeginString={values['BeginString']}\n"
