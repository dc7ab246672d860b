"""The gateway's core with nothing under it and no threads: a test takes the steps."""

from collections import deque

import structlog

from gateway.core import Core
from tests.gateway.desk import OrderSink, RealClock, open_vault, settings_for

SESSION = "FIX.4.4:TRIMTAB->XSIM"


class BareEngine:
    """Up, and takes what it is told to take."""

    def __init__(self) -> None:
        self.takes = True
        self.sent = []

    def is_logged_on(self, _session) -> bool:
        return True

    def send(self, _session, text) -> bool:
        if self.takes:
            self.sent.append(text)
        return self.takes


class BareCore:
    """What the core queues waits in `arrivals`; `callbacks` is what an engine would call."""

    def __init__(self, directory, **profile) -> None:
        self.vault = open_vault(directory)
        self.engine = BareEngine()
        self.arrivals = deque()
        self.seconds = 1000.0
        self.alarms = []
        self.core = Core(
            self.vault,
            OrderSink(),
            RealClock(),
            settings_for(directory, 1, **profile),
            structlog.wrap_logger(structlog.PrintLogger(), processors=[self._keep]),
            monotonic=lambda: self.seconds,
            engine=self._under,
            deliver=self.arrivals.append,
            wake=lambda: None,
            pause=lambda _seconds: False,
        )
        self.core.inbox.start({SESSION: 0})

    def evidence(self, subject):
        """Kinds of what the audit trail says about an order."""
        with self.vault.read() as uow:
            return [entry.kind for entry in uow.audit.about(subject)]

    def _under(self, callbacks):
        self.callbacks = callbacks
        return self.engine

    def _keep(self, _logger, _method, event):
        if event["event"] == "alarm_raised":
            self.alarms.append(event)
        raise structlog.DropEvent
