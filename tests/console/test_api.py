"""The API and its client, over real sockets."""

import http.client
import json
import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.api import create_app
from console.api_bodies import BODY_LIMIT
from console.api_server import ApiServer
from console.client import ApiClient
from console.secrets_file import create_token, read_token
from console.service_port import OrderQuery, OverrideRequest
from domain.codec import encode
from domain.errors import (
    BadInputError,
    ConfigError,
    MissingError,
    TryAgainError,
    UnknownNameError,
)
from domain.runs import Urgency


@pytest.fixture
def client(desk, socket_settings, token_file):
    """A client of a server on a Unix socket."""
    server = ApiServer(create_app(desk, read_token(token_file)), socket_settings)
    server.start()
    yield ApiClient(socket_settings, token_file)
    server.stop()


def ask(tcp, method, path, body=None, **headers):
    """Status and document of one request with the right token, unless told otherwise."""
    settings, token = tcp
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=10)
    headers = {"Authorization": f"Bearer {token}", **headers}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_every_answer_comes_back_as_the_value_it_was(client, desk):
    query = OrderQuery(run="last", open_only=True, limit=3)

    assert client.health() == desk.health()
    assert client.sessions() == desk.sessions()
    assert client.runs(5) == desk.runs(5)
    assert client.run("last") == desk.run("last")
    assert client.orders(query) == desk.orders(query)
    assert desk.told.count(("orders", query)) == 2
    assert client.positions(None) == desk.positions(None)
    assert client.lots("H001-2") == desk.lots("H001-2")
    assert client.breaks("last") == ()
    assert client.approvals() == desk.approvals()
    assert client.explain("7M2K9QDE-0001") == desk.explain("7M2K9QDE-0001")
    assert client.trace("last") == desk.trace("last")
    assert client.proposed("last") == desk.proposed("last")
    assert client.audit_verify() == desk.audit_verify()
    assert list(client.audit_export()) == list(desk.audit_export())


def test_every_wish_arrives_with_who_and_why(client, desk):
    override = OverrideRequest(rule_id="wash-sale", account_id="H001-1", why="client insists")

    client.trigger("month-end", ["H001-1"], "anna", Urgency.HIGH)
    client.approve("last", "ben", "fine", [override])
    client.reject("last", "ben", "no")
    client.retry("last", "ben")
    client.ingest([Path("/in/a b.csv")], "anna", replace=True)
    client.stop("anna")

    assert desk.told == [
        ("trigger", "month-end", ("H001-1",), "anna", Urgency.HIGH),
        ("approve", "last", "ben", "fine", (override,)),
        ("reject", "last", "ben", "no"),
        ("retry", "last", "ben"),
        ("ingest", (Path("/in/a b.csv"),), "anna", True),
        ("stop", "anna"),
    ]


def test_a_halt_is_set_and_lifted_once(client):
    kill = client.halt("venue", "XSIM", "anna", "bad prices")

    assert client.kills() == (kill,)
    assert client.resume("venue", "XSIM", "ben", "fixed") is True
    assert client.resume("venue", "XSIM", "ben", "fixed") is False


def test_an_error_of_the_service_is_raised_again_as_what_it_was(client):
    with pytest.raises(UnknownNameError, match="no account 'NOBODY'; `trimtab positions`"):
        client.positions("NOBODY")
    with pytest.raises(BadInputError, match="a second person must approve"):
        client.approve("last", "scheduler", "", [])


def test_a_name_with_slashes_and_blanks_is_one_name(client):
    with pytest.raises(UnknownNameError, match=r"no order or account '\.\./a b\?c%'"):
        client.explain("../a b?c%")


def test_many_clients_at_once_are_all_answered(client):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.runs(1), range(40)))

    assert len({encode(answer) for answer in answers}) == 1


def test_without_the_token_nothing_is_answered(tcp, desk):
    for headers in (
        {"Authorization": "Bearer wrong"},
        {"Authorization": ""},
        {"Authorization": "x"},
    ):
        status, document = ask(tcp, "POST", "/v1/stop", '{"by":"eve"}', **headers)

        assert status == 401
        assert document["error"] == "not authorized"
        assert "Bearer TOKEN" in document["remedy"]
    assert desk.told == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the request's body is not JSON"),
        ("{", "the request's body is not JSON"),
        ("[]", "the body must be one object with the fields by, why"),
        ('{"by": "a"}', "field 'why' is missing; needed: by, why"),
        ('{"by": "a", "why": "b", "force": 1}', "unknown field 'force'; valid fields: by, why"),
        ('{"by": "a", "by": "b", "why": ""}', "key 'by' stands twice; keep one of them"),
        ('{"by": 1, "why": ""}', "field 'by' is of the wrong kind"),
        ('{"by": " ", "why": "b"}', "field 'by' is blank; say who asks for it"),
        ('{"by": NaN, "why": ""}', "NaN is not a number that can be used"),
        ('{"by": ' + "9" * 5000 + ', "why": ""}', "a number of 5000 digits cannot be used"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff", "the request's body is not UTF-8"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_with_a_sentence(tcp, desk, body, said):
    status, document = ask(tcp, "POST", "/v1/runs/last/reject", body)

    assert status == 422
    assert said in document["error"]
    assert document["exit_code"] == 65
    assert desk.told == []


def test_an_override_with_an_unknown_field_is_refused(tcp, desk):
    body = json.dumps({"by": "a", "why": "", "overrides": [{"rule": "x"}]})

    status, document = ask(tcp, "POST", "/v1/runs/last/approve", body)

    assert status == 422
    assert "overrides" in document["error"]
    assert desk.told == []


def test_a_body_that_is_too_long_is_refused(tcp):
    status, document = ask(tcp, "POST", "/v1/stop", b" " * (BODY_LIMIT + 1))

    assert status == 413
    assert str(BODY_LIMIT) in document["remedy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nowhere", 404), ("POST", "/v1/runs", 405), ("GET", "/v1/stop", 405)],
)
def test_a_wrong_path_or_method_is_told_in_json(tcp, method, path, status):
    found, document = ask(tcp, method, path)

    assert found == status
    assert set(document) == {"error", "remedy", "exit_code"}


@pytest.mark.parametrize("limit", ["0", "-1", "x", "99999999999", "²"])
def test_a_limit_that_is_none_is_refused(tcp, limit):
    from_url = {"²": "%C2%B2"}.get(limit, limit)

    status, document = ask(tcp, "GET", f"/v1/runs?limit={from_url}")

    assert status == 422
    assert "limit must be 1 to 10000" in document["error"]


def test_a_fault_of_ours_is_json_too(tcp, desk, monkeypatch):
    monkeypatch.setattr(desk, "kills", lambda: 1 / 0)

    status, document = ask(tcp, "GET", "/v1/kills")

    assert status == 500
    assert document["exit_code"] == 70
    assert "division" not in json.dumps(document)


def test_the_socket_is_its_owner_s_alone(client, socket_settings):
    assert stat.S_IMODE(socket_settings.socket.stat().st_mode) == 0o600


def test_a_second_server_on_the_socket_is_refused(client, desk, socket_settings):
    second = ApiServer(create_app(desk, "t" * 40), socket_settings)

    with pytest.raises(TryAgainError, match="another service listens at"):
        second.start()
    assert client.runs(1)


def test_a_socket_left_by_a_killed_service_is_replaced(desk, socket_settings, token_file):
    with socket.socket(socket.AF_UNIX) as left:
        folder = os.open(socket_settings.socket.parent, os.O_RDONLY)
        left.bind(f"/proc/self/fd/{folder}/{socket_settings.socket.name}")
        os.close(folder)
    client = ApiClient(socket_settings, token_file)
    assert not client.is_listening()

    server = ApiServer(create_app(desk, read_token(token_file)), socket_settings)
    server.start()
    try:
        assert client.is_listening()
    finally:
        server.stop()
    assert not socket_settings.socket.exists()


def test_without_a_service_the_client_says_how_to_start_one(socket_settings, token_file):
    with pytest.raises(MissingError, match="start one with `trimtab serve`"):
        ApiClient(socket_settings, token_file).require_listening()


def test_a_token_that_others_can_read_is_refused(token_file):
    token_file.chmod(0o640)

    with pytest.raises(ConfigError, match=f"can be read by others; run: chmod 600 {token_file}"):
        read_token(token_file)


def test_a_token_is_never_made_twice(token_file):
    first = read_token(token_file)

    create_token(token_file)

    assert read_token(token_file) == first
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600


def test_a_short_token_is_refused(tmp_path):
    path = tmp_path / "short"
    path.touch(0o600)
    path.write_text("abc")

    with pytest.raises(ConfigError, match="holds no usable token"):
        read_token(path)
