"""Somebody speaks to the API who is no client: nothing happens, and the others are answered."""

import random
import socket
import time
from pathlib import Path

import pytest

from console import request_deadline
from console.api_bodies import BODY_LIMIT
from tests.console.test_api import ask

HEAD = b"POST /v1/stop HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
HOSTILE = {
    "garbage": b"\x00\xff" * 5000,
    "FIX": b"8=FIX.4.4\x019=5\x0135=A\x0110=000\x01",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "no version": b"GET /v1/health\r\n\r\n",
    "an endless path": b"GET /" + b"a" * 300_000,
    "endless headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000,
    "a bare line feed": b"GET / HTTP/1.1\r\nConnection: close\r\nHost: x\nEvil: y\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
    "a length and chunks": HEAD
    + b"Connection: close\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n",
    "a length of thirty digits": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "a chunk that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(request_deadline, "REQUEST_SECONDS", 0.5)


def connect(tcp):
    settings, _ = tcp
    return socket.create_connection((settings.host, settings.port), timeout=10)


def read_to_the_end(connection):
    """What is answered until the server hangs up."""
    said = b""
    try:
        while more := connection.recv(65_536):
            said += more
    except ConnectionError:
        pass
    return said


def require_service(tcp, desk):
    """Health is answered as before; nobody was stopped."""
    deadline = time.monotonic() + 10
    while ask(tcp, "GET", "/v1/health")[0] != 200:
        assert time.monotonic() < deadline
    assert ("stop", "eve") not in desk.told


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_request_gets_a_refusal_or_nothing(tcp, desk, quick, name):
    with connect(tcp) as connection:
        text = HOSTILE[name]
        connection.sendall(text % tcp[1].encode() if b"%s" in text else text)
        answer = read_to_the_end(connection)

    assert answer == b"" or answer.split(b" ", 2)[1] in {b"400", b"401", b"404", b"413", b"422"}
    assert desk.told == []
    require_service(tcp, desk)


def test_connections_that_say_nothing_or_little_are_hung_up_on(tcp, desk, quick):
    """A slow loris: more connections than the server takes, each with half a request."""
    half = b"GET /v1/health HTTP/1.1\r\nHost:"
    connections = [connect(tcp) for _ in range(60)]
    for number, connection in enumerate(connections):
        connection.sendall(half[: number % len(half)])

    for connection in connections:
        with connection:
            read_to_the_end(connection)

    require_service(tcp, desk)


def test_a_body_in_endless_chunks_is_cut_off_and_not_kept(tcp, desk, quick):
    before = resident_bytes()
    with connect(tcp) as connection:
        connection.sendall(HEAD % tcp[1].encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = send_until_hung_up(connection, b"10000\r\n" + b" " * 65_536 + b"\r\n")

    assert sent > BODY_LIMIT
    assert resident_bytes() - before < 50 * BODY_LIMIT
    require_service(tcp, desk)


def send_until_hung_up(connection, text):
    """How many bytes went before the server hung up."""
    deadline, sent = time.monotonic() + 10, 0
    try:
        while time.monotonic() < deadline:
            connection.sendall(text)
            sent += len(text)
    except OSError:
        return sent
    raise AssertionError(f"{sent} bytes were sent, and nobody hung up")


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_an_answer_may_take_longer_than_a_request(tcp, desk, quick, monkeypatch):
    def slow():
        time.sleep(1)
        return ()

    monkeypatch.setattr(desk, "sessions", slow)

    assert ask(tcp, "GET", "/v1/sessions") == (200, [])


@pytest.mark.parametrize("seed", range(3))
def test_bent_requests_do_nothing(tcp, desk, quick, seed):
    """A good wish without its token, with bytes changed, cut or doubled at random."""
    draw = random.Random(seed)
    good = b"POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n" + b'{"by":"eve"}'
    for _ in range(30):
        text = bytearray(good)
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(text))
            text[at : at + draw.randint(0, 3)] = draw.randbytes(draw.randint(0, 3))
        with connect(tcp) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            read_to_the_end(connection)

    assert desk.told == []
    require_service(tcp, desk)
