"""The venue program as a process, and a FIX client of no relation: simplefix on a raw socket."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
import simplefix

ROOT = Path(__file__).parents[2]
PRICES = """\
symbol,security_id,price,tick,lot_size,average_daily_volume
AAPL,US0378331005,148.03,0.01,1,2000000
LOTS,US0000000000,20.00,0.05,100,1000000
"""


class RawClient:
    """Logs on, sends what it is told, answers TestRequests, keeps what it is sent."""

    def __init__(self, port, *, name="TRIMTAB", venue="XSIM", sequence=1, begin_string="FIX.4.4"):
        self.name, self.venue, self.next_out = name, venue, sequence
        self.begin_string = begin_string
        self._parser = simplefix.FixParser()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.received = []

    def close(self):
        self._socket.close()

    def send(self, kind, *fields, sequence=None, header=()):
        message = simplefix.FixMessage()
        message.append_pair(8, self.begin_string, header=True)
        message.append_pair(35, kind, header=True)
        message.append_pair(49, self.name, header=True)
        message.append_pair(56, self.venue, header=True)
        message.append_pair(34, sequence or self.next_out, header=True)
        message.append_utc_timestamp(52, datetime.now(UTC), precision=3, header=True)
        for tag, value in header:
            message.append_pair(tag, value, header=True)
        for tag, value in fields:
            message.append_pair(tag, value)
        if sequence is None:
            self.next_out += 1
        self.send_raw(message.encode())

    def send_raw(self, octets):
        self._socket.sendall(octets)

    def logon(self, *, reset=True):
        fields = [(98, 0), (108, 30)] + ([(141, "Y")] if reset else [])
        if self.begin_string == "FIXT.1.1":
            fields.append((1137, 9))
        self.send("A", *fields)
        return self.wait("A")

    def new_order(self, cl_ord_id, quantity, *fields, symbol="AAPL", side="1", price=None):
        kind = [(40, "1")] if price is None else [(40, "2"), (44, price)]
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S")
        order = [(11, cl_ord_id), (55, symbol), (54, side), (60, stamp), (38, quantity)]
        self.send("D", *order, *kind, *fields)

    def next(self, seconds=5.0):
        """The next message, as a dict of tags; None when the venue hangs up."""
        deadline = time.monotonic() + seconds
        while True:
            message = self._parser.get_message()
            if message is not None:
                fields = {int(tag): value.decode() for tag, value in message.pairs}
                self.received.append(fields)
                return fields
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"nothing within {seconds} s; so far {self.received}")
            self._socket.settimeout(left)
            try:
                octets = self._socket.recv(65536)
            except (ConnectionResetError, TimeoutError):
                octets = b""
            if not octets:
                return None
            self._parser.append_buffer(octets)

    def wait(self, kind, *, seconds=5.0, **tags):
        """Skip to the first message of a kind whose tags (t39="2") are as given."""
        wanted = {int(name[1:]): value for name, value in tags.items()}
        deadline = time.monotonic() + seconds
        while True:
            message = self.next(deadline - time.monotonic())
            assert message is not None, f"hung up; so far {self.received}"
            if message[35] == kind and all(message.get(t) == v for t, v in wanted.items()):
                return message


class VenueProcess:
    """`python -m simulator` as a user would run it, in a directory of its own."""

    def __init__(self, config):
        self.config = config
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "simulator", "--config", str(self.config)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=10)[1]
        self.ready = json.loads(line)
        return self

    def port(self, venue="XSIM"):
        return self.ready["venues"][venue]["port"]

    def kill(self):
        """Power off: no handler runs."""
        self.process.kill()
        self._reap()

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.terminate()
        self._reap()
        return self.process.returncode

    def _reap(self):
        self.process.communicate(timeout=10)

    def ask(self, method, path, body=None, *, token=""):
        """Status and JSON answer of the control door."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ready["control"] + path, data, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture
def raw_client():
    """Opens clients that are closed at the end."""
    opened = []

    def connect(port, **options):
        opened.append(RawClient(port, **options))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def venue_process(tmp_path):
    """Writes venues.toml and starts the program on it; stopped at the end, if it still runs."""
    started = []

    def start(toml):
        (tmp_path / "prices.csv").write_text(PRICES)
        config = tmp_path / "venues.toml"
        config.write_text(toml)
        started.append(VenueProcess(config))
        return started[-1].start()

    start.forget_state = lambda: shutil.rmtree(tmp_path / "state")
    yield start
    for process in started:
        if process.process is not None and process.process.poll() is None:
            process.stop()
