"""TLS to a venue: who is let in, who is not, and that nothing ever goes out in clear."""

import pytest

from gateway.session_file import write_session_config
from gateway.settings import GatewaySettings, load_settings
from tests.gateway.desk import intent, new_id, place
from tests.gateway.tls import Authority, ClearListener, TlsDoor
from tests.gateway.venue import until

pytestmark = pytest.mark.integration


@pytest.fixture
def ours(tmp_path):
    """The authority of the venue and its clients."""
    return Authority(tmp_path / "ours")


@pytest.fixture
def strange(tmp_path):
    """An authority that nobody here trusts."""
    return Authority(tmp_path / "strange")


@pytest.fixture
def door(wired, ours):
    """Opens the venue's door with TLS, once."""
    doors = []

    def opened(own=None, clients=None):
        wired.venue.start()
        doors.append(TlsDoor(wired.venue.port, own or ours.issue("127.0.0.1"), clients))
        return doors[0]

    yield opened
    for one in doors:
        wired.stop_gateways()
        wired.venue.stop()
        one.close()


def tls_settings(directory, port: int, trusted: Authority, client=None) -> GatewaySettings:
    """A profile that demands TLS; `client` is our certificate and key."""
    path = directory / "tls.cfg"
    sessions = write_session_config(path, {"XSIM": ("127.0.0.1", port)}, store=directory / "fix")
    lines = [f"CertificationAuthoritiesFile={trusted.certificate}", "SSLProtocol=+TLSv1_2 +TLSv1_3"]
    if client is not None:
        lines += [f"ClientCertificateFile={client[0]}", f"ClientCertificateKeyFile={client[1]}"]
    path.write_text(path.read_text() + "\n".join(lines) + "\n")
    return load_settings(path, {"XSIM": {"session": sessions["XSIM"], "tls": True}}, {})


def test_both_ends_with_good_certificates_trade(wired, ours, door):
    port = door(clients=ours.certificate).port
    gateway = wired.gateway(
        settings=tls_settings(wired.directory, port, ours, ours.issue("trimtab.example"))
    )
    until(lambda: gateway.sessions()[0].logged_on, "the logon")

    name = place(wired.vault, intent(new_id()))
    gateway.wake()
    until(wired.venue.orders, "the order")

    assert f"11={name}" in wired.venue.orders()[0]


def test_a_venue_that_asks_for_no_certificate_gets_none(wired, ours, door):
    gateway = wired.gateway(settings=tls_settings(wired.directory, door().port, ours))

    until(lambda: gateway.sessions()[0].logged_on, "the logon")


@pytest.mark.parametrize("kind", ["missing", "expired", "untrusted"])
def test_a_venue_lets_nobody_in_whose_certificate_is_not_good(wired, ours, strange, door, kind):
    opened = door(clients=ours.certificate)
    client = {
        "missing": lambda: None,
        "expired": lambda: ours.issue("trimtab.example", expired=True),
        "untrusted": lambda: strange.issue("trimtab.example"),
    }[kind]()
    gateway = wired.gateway(settings=tls_settings(wired.directory, opened.port, ours, client))

    until(lambda: opened.refused, "the refusal")

    assert wired.venue.admin == [], "nothing reached the venue, not even a Logon"
    assert not gateway.sessions()[0].logged_on


@pytest.mark.parametrize("kind", ["expired", "untrusted"])
def test_we_trust_no_venue_whose_certificate_is_not_good(wired, ours, strange, door, kind):
    own = {
        "expired": lambda: ours.issue("127.0.0.1", expired=True),
        "untrusted": lambda: strange.issue("127.0.0.1"),
    }[kind]()
    opened = door(own=own)
    gateway = wired.gateway(settings=tls_settings(wired.directory, opened.port, ours))

    until(lambda: opened.refused, "our alert")

    assert wired.venue.admin == []
    assert not gateway.sessions()[0].logged_on


def test_a_profile_that_demands_tls_says_nothing_in_clear(wired, ours):
    listener = ClearListener()
    wired.gateway(settings=tls_settings(wired.directory, listener.port, ours))

    until(lambda: listener.heard, "the attempt")
    wired.stop_gateways()
    listener.close()

    assert listener.heard[:2] == b"\x16\x03", "a TLS handshake and nothing else"
    assert b"8=FIX" not in listener.heard
