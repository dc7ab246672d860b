import io

import pytest
import structlog

from gateway import engine
from gateway.service import Gateway
from gateway.wiretext import value_of
from tests.gateway.desk import OrderSink, RealClock, open_vault, settings_for
from tests.gateway.venue import Venue, free_port, until


class Wired:
    """A vault, a venue, and gateways between them."""

    session = "FIX.4.4:TRIMTAB->XSIM"

    def __init__(self, directory):
        (directory / "venue").mkdir()
        self.directory = directory
        self.venue = Venue(directory / "venue", free_port())
        self.vault = open_vault(directory)
        self.gateways = []
        self.fatal = []
        self.events = []
        self.log = structlog.wrap_logger(
            structlog.PrintLogger(io.StringIO()),
            processors=[structlog.stdlib.add_log_level, self._keep],
        )

    def _keep(self, _logger, _method, event):
        self.events.append(event)
        raise structlog.DropEvent

    def gateway(self, sink=None, environment=None, settings=None, **changes):
        settings = settings or settings_for(
            self.directory, self.venue.port, environment=environment
        )
        for name, value in changes.items():
            object.__setattr__(settings, name, value)
        made = Gateway(
            self.vault,
            sink or OrderSink(),
            RealClock(),
            settings,
            self.log,
            fatal=self.fatal.append,
        )
        made.start()
        self.gateways.append(made)
        return made

    def connected(self, sink=None, **changes):
        made = self.gateway(sink, **changes)
        until(lambda: made.sessions()[0].logged_on and self.venue.is_up(), "the logon")
        return made

    def stop_gateways(self):
        for made in self.gateways:
            made.stop()
        self.gateways.clear()

    def reopen(self):
        self.vault = open_vault(self.directory)

    def alarms(self, kind):
        return [e for e in self.events if e["event"] == "alarm_raised" and e["kind"] == kind]

    def quarantined(self):
        with self.vault.read() as uow:
            return uow.inbox.quarantined()

    def answer_status_as_unknown(self, text):
        if value_of(text, 35) == "H":
            self.venue.say(
                self.venue.report(text, t37="NONE", t150="I", t39="8", t103="5", t151="0")
            )


@pytest.fixture
def database(request, tmp_path):
    """SQLite, unless a module asks for others by parametrising this one indirectly."""
    kind = getattr(request, "param", "sqlite")
    if kind == "postgres":
        migrated = request.getfixturevalue("migrated_postgres")
        migrated.empty()
        (tmp_path / "url").write_text(migrated.url)
    return kind


@pytest.fixture
def wired(tmp_path, database, monkeypatch):
    made = Wired(tmp_path)
    yield made
    monkeypatch.setattr(engine, "_LOGOUT_SECONDS", 0)  # A logout takes the engine a second.
    made.stop_gateways()
    made.venue.stop()
    made.vault.close()
    assert made.fatal == []
