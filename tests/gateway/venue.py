"""A venue for the tests: a real QuickFIX acceptor that does what the test tells it to."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import quickfix as fix

from gateway.wiretext import message, value_of

CLIENT = "TRIMTAB"
PATIENCE_SECONDS = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(fact: Callable[[], object], what: str = "it") -> None:
    """Wait for `fact`; a test that needs the whole patience has failed."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        assert time.monotonic() < end, f"{what} did not happen in {PATIENCE_SECONDS} s"
        time.sleep(0.005)


class Venue(fix.Application):
    """Keeps what it receives, first transmissions and repeats alike; says only what it is told."""

    def __init__(
        self,
        directory: Path,
        port: int,
        name: str = "XSIM",
        begin_string: str = "FIX.4.4",
        client: str = CLIENT,
    ) -> None:
        super().__init__()
        self.begin_string = begin_string
        self.name = name
        self.client = client
        self.port = port
        self.received: list[str] = []
        self.admin: list[str] = []
        self.answer: Callable[[str], None] = lambda _text: None
        self._directory = directory
        self._session = fix.SessionID(begin_string, name, client)
        self._acceptor = None
        self._numbers = 0
        self._lock = threading.Lock()

    def start(self, **overrides: str) -> None:
        values = {
            "ConnectionType": "acceptor",
            "BeginString": self.begin_string,
            "DefaultApplVerID": "FIX.5.0SP2",
            "SenderCompID": self.name,
            "TargetCompID": self.client,
            "SocketAcceptPort": str(self.port),
            "SocketReuseAddress": "Y",
            "FileStorePath": str(self._directory),
            "NonStopSession": "Y",
            "UseDataDictionary": "N",
            "HeartBtInt": "30",
            "ResetOnLogon": "N",
            **overrides,
        }
        text = "[DEFAULT]\nSocketNodelay=Y\n"
        text += "".join(f"{key}={value}\n" for key, value in values.items())
        text += f"[SESSION]\nBeginString={self.begin_string}\n"
        self._settings = fix.SessionSettings()
        self._settings.setFromString(text)
        self._stores = fix.FileStoreFactory(self._settings)
        self._acceptor = fix.SocketAcceptor(self, self._stores, self._settings)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="venue")
        self._thread.start()

    def _run(self) -> None:
        """One thread for everything: `stop` races with a closing connection in the engine's own."""
        while not self._stopping:
            self._acceptor.poll()
        self._acceptor.stop(True)

    def stop(self) -> None:
        if self._acceptor is not None:
            self._stopping = True
            self._thread.join()
            self._acceptor = None

    def say(self, text: str) -> None:
        assert fix.Session.sendToTarget(fix.Message(text, False), self._session)

    def report(self, order: str, **tags: object) -> str:
        """An ExecutionReport about a NewOrderSingle; `t150="F"` sets or replaces a tag."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
        quantity = value_of(order, 38) or "0"
        fields: dict[int, object] = {
            37: "O" + (value_of(order, 11) or "?"),
            17: f"{self.name}-{number}",
            11: value_of(order, 11),
            150: "0",
            39: "0",
            55: value_of(order, 55),
            54: value_of(order, 54),
            38: quantity,
            14: "0",
            151: quantity,
            6: "0",
            60: "20221130-20:45:00.000",
            75: "20221130",
            583: value_of(order, 583),
        }
        for name, value in tags.items():
            fields[int(name[1:])] = value
        return message("8", [(t, str(v)) for t, v in fields.items() if v is not None])

    def fill(self, order: str, quantity: int, price: str, cum: int, **tags: object) -> str:
        total = int(value_of(order, 38) or 0)
        done = cum == total
        values = {"t150": "F", "t39": "2" if done else "1", "t32": quantity, "t31": price}
        return self.report(
            order, **{**values, "t14": cum, "t151": total - cum, "t6": price, **tags}
        )

    def orders(self) -> list[str]:
        return [text for text in self.received if value_of(text, 35) == "D"]

    def of_type(self, msg_type: str) -> list[str]:
        return [text for text in self.received if value_of(text, 35) == msg_type]

    def is_up(self) -> bool:
        session = fix.Session.lookupSession(self._session)
        return session is not None and session.isLoggedOn()

    def drop(self) -> None:
        fix.Session.lookupSession(self._session).disconnect()

    def onCreate(self, session_id):  # noqa: N802 - the engine's name
        pass

    def onLogon(self, session_id):  # noqa: N802 - the engine's name
        pass

    def onLogout(self, session_id):  # noqa: N802 - the engine's name
        pass

    def toAdmin(self, message, session_id):  # noqa: N802 - the engine's name
        pass

    def fromAdmin(self, message, session_id):  # noqa: N802 - the engine's name
        self.admin.append(message.toString())

    def toApp(self, message, session_id):  # noqa: N802 - the engine's name
        pass

    def fromApp(self, message, session_id):  # noqa: N802 - the engine's name
        text = message.toString()
        self.received.append(text)
        self.answer(text)
