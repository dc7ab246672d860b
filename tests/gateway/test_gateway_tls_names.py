"""TLS by a proxy that checks the venue's host name: stunnel as docs/brokers.md writes it."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from domain.errors import ConfigError
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from tests.gateway.desk import intent, new_id, place
from tests.gateway.tls import Authority, NameCheckingProxy, TlsDoor
from tests.gateway.venue import free_port, until

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "brokers.md"
STUNNEL = shutil.which("stunnel") or shutil.which("stunnel4")
HOST = "fix.acme.example"


class Stunnel:
    """The page's configuration with this test's addresses and files in their places."""

    def __init__(self, folder, door_port, authority, host, own):
        text = re.search(r"```ini\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)
        self.port = free_port()
        given = {
            "accept": f"127.0.0.1:{self.port}",
            "connect": f"127.0.0.1:{door_port}",
            "CAfile": authority,
            "checkHost": host,
            "cert": own and own[0],
            "key": own and own[1],
        }
        for key, value in given.items():
            line = f"{key} = {value}" if value else ""
            text, times = re.subn(rf"^{key} = .*$", line, text, flags=re.MULTILINE)
            assert times == 1, f"the page's configuration says {key} once"
        path = folder / "stunnel.conf"
        path.write_text(text)
        self._log = folder / "stunnel.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([STUNNEL, str(path)], stdout=log, stderr=log)
        until(self._listens, "stunnel")

    @property
    def refused(self):
        """The certificates that it does not believe."""
        return re.findall(r"Rejected by CERT.*", self._log.read_text())

    def close(self):
        self._process.terminate()
        self._process.wait()

    def _listens(self):
        assert self._process.poll() is None, self._log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


PROXIES = [
    pytest.param(
        Stunnel,
        id="stunnel",
        marks=pytest.mark.skipif(STUNNEL is None, reason="stunnel is not on the PATH"),
    ),
    pytest.param(lambda _folder, *args: NameCheckingProxy(*args), id="python"),
]


@pytest.fixture
def ours(tmp_path):
    return Authority(tmp_path / "ours")


@pytest.fixture(params=PROXIES)
def through(request, wired, tmp_path, ours):
    """A gateway whose session goes to a proxy, behind which a venue's TLS door stands."""
    opened = []

    def connect(*, own=None, clients=None, trusted=None, us=None):
        wired.venue.start()
        door = TlsDoor(wired.venue.port, own or ours.issue(HOST), clients)
        authority = (trusted or ours).certificate
        proxy = request.param(tmp_path, door.port, authority, HOST, us)
        opened.extend((proxy, door))
        gateway = wired.gateway(settings=proxied(wired.directory, proxy.port))
        return gateway, door, proxy

    yield connect
    wired.stop_gateways()
    wired.venue.stop()
    for one in opened:
        one.close()


def proxied(directory, port, host="127.0.0.1", **table):
    path = directory / "proxied.cfg"
    sessions = write_session_config(path, {"XSIM": (host, port)}, store=directory / "fix")
    profile = {"session": sessions["XSIM"], "tls_proxy": True, **table}
    return load_settings(path, {"XSIM": profile}, {})


def test_the_right_name_and_our_certificate_trade(wired, through, ours):
    gateway, _, _ = through(clients=ours.certificate, us=ours.issue("trimtab.example"))
    until(lambda: gateway.sessions()[0].logged_on, "the logon")

    name = place(wired.vault, intent(new_id()))
    gateway.wake()
    until(wired.venue.orders, "the order")

    assert f"11={name}" in wired.venue.orders()[0]


@pytest.mark.parametrize("kind", ["another name", "expired", "untrusted"])
def test_a_venue_that_is_not_the_one_we_mean_hears_nothing(wired, through, ours, tmp_path, kind):
    strange = Authority(tmp_path / "strange")
    own = {
        "another name": lambda: ours.issue("fix.other.example"),
        "expired": lambda: ours.issue(HOST, expired=True),
        "untrusted": lambda: strange.issue(HOST),
    }[kind]()
    gateway, _, proxy = through(own=own)

    until(lambda: proxy.refused, "the refusal")

    assert wired.venue.admin == [], "not even a Logon"
    assert not gateway.sessions()[0].logged_on


def test_a_venue_that_asks_who_we_are_lets_no_stranger_in(wired, through, ours):
    gateway, door, _ = through(clients=ours.certificate)

    until(lambda: door.refused, "the refusal")

    assert wired.venue.admin == []
    assert not gateway.sessions()[0].logged_on


@pytest.mark.parametrize(
    ("host", "table", "text"),
    [
        ("192.0.2.7", {}, "connects to 192.0.2.7, in clear"),
        ("fix.acme.example", {}, "connects to fix.acme.example, in clear"),
        ("127.0.0.1", {"tls": True}, "tls and tls_proxy are both true"),
    ],
)
def test_a_profile_with_a_proxy_connects_to_nothing_but_this_machine(tmp_path, host, table, text):
    with pytest.raises(ConfigError, match=text):
        proxied(tmp_path, 4001, host, **table)


def test_the_name_of_this_machine_will_do(tmp_path):
    assert proxied(tmp_path, 4001, "localhost").profiles[0].tls_proxy
