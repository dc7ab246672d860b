import io
from types import SimpleNamespace

import pytest
import structlog

from gateway.service import Gateway
from tests.gateway.desk import OrderSink, RealClock, open_vault, settings_for
from tests.gateway.venue import Venue, free_port, until


def memory_log():
    """A logger whose events can be looked at, as JSON-ready dicts."""
    events = []

    def keep(_logger, _method, event):
        events.append(event)
        raise structlog.DropEvent

    log = structlog.wrap_logger(
        structlog.PrintLogger(io.StringIO()), processors=[structlog.stdlib.add_log_level, keep]
    )
    return log, events


@pytest.fixture
def wired(tmp_path):
    """A vault, a venue and a factory of gateways between them; everything is stopped at the end."""
    (tmp_path / "venue").mkdir()
    venue = Venue(tmp_path / "venue", free_port())
    vault = open_vault(tmp_path)
    log, events = memory_log()
    gateways = []
    fatal = []

    def gateway(sink=None, **changes):
        settings = settings_for(tmp_path, venue.port)
        for name, value in changes.items():
            object.__setattr__(settings, name, value)
        made = Gateway(vault, sink or OrderSink(), RealClock(), settings, log, fatal=fatal.append)
        gateways.append(made)
        made.start()
        return made

    def connected(**changes):
        made = gateway(**changes)
        until(lambda: made.sessions()[0].logged_on and venue.is_up(), "the logon")
        return made

    yield SimpleNamespace(
        venue=venue,
        vault=vault,
        gateway=gateway,
        connected=connected,
        events=events,
        fatal=fatal,
        directory=tmp_path,
    )
    for made in gateways:
        made.stop()
    venue.stop()
    vault.close()
    assert fatal == []
