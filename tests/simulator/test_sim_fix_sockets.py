"""Real sockets: what clients and strangers do to our doors. The client is simplefix's."""

import contextlib
import resource
import socket
import time

import pytest

from simulator.fix.profile import DoorLimits, SessionProfile
from simulator.values.requests import Connected, Disconnected, NewOrder
from tests.simulator.sim_fix_peers import Client, doors, order_fields, report_on

ONE = SessionProfile(venue="XSIM", client="CLIENT1")
TWO = SessionProfile(venue="XSIM", client="CLIENT2")


@pytest.fixture
def at_work():
    """Two sessions, the second logged on: whatever happens to the first, it must not notice."""
    with doors(ONE, TWO) as house:
        other = house.client("CLIENT2")
        other.log_on()
        yield house
        other.order("OTHER")
        assert [other.read().get(39) for _ in range(2)] == [b"0", b"2"]


def texts(client: Client) -> list[str]:
    """Everything until the venue hangs up: type, and text if there is one."""
    found = []
    while (message := client.read_or_end()) is not None:
        text = message.get(58)
        found.append(message.get(35).decode() + (f" {text.decode()}" if text else ""))
    return found


def test_a_client_logs_on_trades_and_logs_out(at_work):
    client = at_work.client()

    answer = client.log_on()
    client.order("A1")
    new, filled = client.read(), client.read()
    client.send("5")

    assert texts(client) == ["5"]
    assert (answer.get(35), answer.get(108)) == (b"A", b"30")
    assert (new.get(39), filled.get(39), filled.get(32)) == (b"0", b"2", b"100")
    at_work.settle()
    assert [type(one) for one in at_work.asked_by("CLIENT1")] == [Connected, NewOrder, Disconnected]


def test_a_burst_is_answered_in_order(at_work):
    client = at_work.client()
    client.log_on()

    client.socket.sendall(b"".join(client.encoded("D", *order_fields(f"A{n}")) for n in range(500)))

    assert [client.read().get(11).decode() for _ in range(1000)] == [
        f"A{number}" for number in range(500) for _ in range(2)
    ]


def test_a_hundred_clients_trade_at_once():
    names = [f"CLIENT{number}" for number in range(100)]
    profiles = [SessionProfile(venue="XSIM", client=name) for name in names]
    with doors(*profiles, limits=DoorLimits(connections_per_address=100)) as house:
        clients = [house.client(name) for name in names]
        for client in clients:
            client.send("A", (98, 0), (108, 30))
        for client in clients:
            for number in range(5):
                client.order(f"{client.name}-{number}")

        for client in clients:
            assert client.read().get(35) == b"A"
            ids = [client.read().get(11).decode() for _ in range(10)]
            assert ids == [f"{client.name}-{number}" for number in range(5) for _ in range(2)]


def test_what_was_missed_comes_after_a_reconnect(at_work):
    client = at_work.client()
    client.log_on()
    client.order("A1")
    client.read(), client.read()
    client.close()
    at_work.wait_until(lambda: not at_work.session("CLIENT1").online)
    at_work.do(lambda: at_work.say(report_on("A2", "CLIENT1")))

    again = at_work.client()
    again.number = client.number
    again.log_on()
    again.send("2", (7, 2), (16, 0))

    resent = [again.read() for _ in range(4)]
    assert [(one.get(35), one.get(34)) for one in resent] == [
        (b"8", b"2"), (b"8", b"3"), (b"8", b"4"), (b"4", b"5"),
    ]  # fmt: skip
    assert all(one.get(43) == b"Y" for one in resent)
    assert resent[2].get(11) == b"A2"


def test_a_second_connection_of_a_live_session_is_turned_away(at_work):
    first, second = at_work.client(), at_work.client()
    first.log_on()

    second.send("A", (98, 0), (108, 30))

    assert texts(second) == ["5 the session is already connected"]
    first.order("A1")
    assert first.read().get(35) == b"8"


@pytest.mark.parametrize(
    ("client", "venue"), [("NOBODY", "XSIM"), ("CLIENT1", "NOWHERE"), ("XSIM", "CLIENT1")]
)
def test_an_unknown_name_is_turned_away_with_a_word(at_work, client, venue):
    stranger = at_work.client(client, venue)

    stranger.send("A", (98, 0), (108, 30))

    (text,) = texts(stranger)
    assert text.startswith("5 no session has this BeginString(8), SenderCompID(49)")
    (reason,) = at_work.refusals()
    assert text == f"5 {reason}"


def test_who_does_not_begin_with_a_logon_is_cut_off(at_work):
    stranger = at_work.client()

    stranger.order("A1")

    assert texts(stranger) == []
    assert at_work.refusals() == ["the first message must be a Logon(35=A)"]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 5000,
        b"8=FIX.4.4\x019=999999999\x0135=A\x01",
        b"8=FIX.4.4\x019=4000\x0135=A\x01" + b"x" * 5000,
        b"8=FIX.4.4\x019=5000\x0135=A\x01" + b"x" * 5000,
        b"8=FIX.4.4\x019=5\x0135=A\x0110=000\x01",
    ],
)
def test_garbage_before_a_logon_is_cut_off_at_once(at_work, data):
    stranger = at_work.client()

    with contextlib.suppress(ConnectionError):
        stranger.socket.sendall(data)

    assert texts(stranger) == []
    assert at_work.refusals() == ["what came is no FIX message of at most 4096 bytes"]


def test_what_follows_a_refused_logon_is_not_read():
    """Both come in one packet: nobody may trade on a wrong password."""
    locked = SessionProfile(venue="XSIM", client="CLIENT1", username="ada", password="secret")
    with doors(locked) as house:
        client = house.client()
        logon = client.encoded("A", (98, 0), (108, 30), (553, "ada"), (554, "guess"))
        order = client.encoded("D", *order_fields("A1"))

        client.socket.sendall(logon + order)

        assert texts(client) == ["5 Username(553) or Password(554) is wrong"]
        house.settle()
        assert house.asked == []


def test_what_follows_a_good_logon_is_read():
    with doors(ONE) as house:
        client = house.client()
        logon = client.encoded("A", (98, 0), (108, 30))

        client.socket.sendall(logon + client.encoded("D", *order_fields("A1")))

        assert [client.read().get(35) for _ in range(3)] == [b"A", b"8", b"8"]


def test_a_stranger_who_says_nothing_is_cut_off_in_time():
    with doors(ONE, limits=DoorLimits(seconds_before_logon=0.2)) as house:
        silent = house.client()
        slow = house.client()
        slow.socket.sendall(b"8=FIX.4.4\x019=")

        assert texts(silent) == texts(slow) == []
        assert house.refusals() == ["no Logon came in time"] * 2


def test_a_flood_before_logon_costs_no_memory(at_work):
    """A hundred megabytes are offered; the door reads 4 KiB and hangs up."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flood = b"8=FIX.4.4\x019=4000\x01" + b"x" * (1 << 20)
    sent = 0

    for _ in range(5):
        stranger = at_work.client()
        with contextlib.suppress(OSError):
            for _ in range(20):
                stranger.socket.sendall(flood)
                sent += len(flood)
        stranger.close()

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 30_000  # KiB: the flood itself and the sockets' buffers.
    assert sent < 100 << 20


def test_connections_are_limited_in_all_and_by_address():
    limits = DoorLimits(connections=3, connections_per_address=2)
    with doors(ONE, limits=limits) as house:
        first, _, third = house.client(), house.client(), house.client()

        assert texts(third) == []
        assert house.refusals() == ["more than 2 connections from one address"]
        first.close()
        house.wait_until(lambda: house.connections() == 1)
        fourth = house.client()
        assert fourth.log_on().get(35) == b"A"


def test_arrivals_are_limited_and_the_log_does_not_grow_with_them():
    with doors(ONE, limits=DoorLimits(connections_per_second=5)) as house:
        clients = [house.client() for _ in range(60)]

        assert all(texts(client) == [] for client in clients[5:50])
        told = [name for name, _ in house.events if name == "connection_refused"]
        assert len(told) <= 20


def test_a_client_who_does_not_read_is_cut_off_and_others_do_not_wait():
    with doors(ONE, TWO, limits=DoorLimits(unsent_bytes=200_000)) as house:
        lazy, busy = house.client(), house.client("CLIENT2")
        lazy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.log_on()
        busy.log_on()

        def say_much() -> None:
            for number in range(300):
                house.say(report_on(f"L{number}", "CLIENT1"))

        for _ in range(200):
            house.do(say_much)
            if not house.session("CLIENT1").online:
                break
        busy.order("A1")

        assert busy.read().get(11) == b"A1"
        assert not house.session("CLIENT1").online
        assert "slow_consumer_cut_off" in [name for name, _ in house.events]


def test_a_long_resend_waits_for_a_slow_reader():
    """Everything arrives, in order, and never more than a little waits in memory."""
    with doors(ONE, limits=DoorLimits(unsent_bytes=1 << 20)) as house:
        client = house.client()
        client.log_on()
        client.close()
        house.wait_until(lambda: not house.session("CLIENT1").online)

        def say_much() -> None:
            for number in range(8_000):
                house.say(report_on(f"L{number}", "CLIENT1"))

        house.do(say_much)
        again = house.client()
        again.number = 2
        again.log_on()
        again.send("2", (7, 2), (16, 0))
        time.sleep(0.3)  # A reader who does something else; nothing is waited for.

        assert house.session("CLIENT1").online
        numbers = [int(again.read().get(34)) for _ in range(8_000)]
        assert numbers == list(range(2, 8_002))


def test_garbled_messages_in_a_session_are_passed_over(at_work):
    client = at_work.client()
    client.log_on()
    wrong = client.encoded("D", *order_fields("LOST"))

    client.socket.sendall(
        wrong[:-4] + b"000\x01" if wrong[-4:-1] != b"000" else wrong[:-4] + b"001\x01"
    )
    client.order("A2")

    request = client.read()
    assert (request.get(35), request.get(7)) == (b"2", b"2"), "what was garbled is asked for again"


def test_endless_garbage_in_a_session_ends_it(at_work):
    client = at_work.client()
    client.log_on()

    for _ in range(25):
        client.socket.sendall(b"8=FIX.4.4\x019=5\x01garbage\x01")

    assert texts(client) == ["5 too many garbled messages"]


def test_an_oversized_message_in_a_session_is_garbled(at_work):
    client = at_work.client()
    client.log_on()

    client.socket.sendall(b"8=FIX.4.4\x019=90000000\x0135=D\x01")
    client.send("1", (112, "still here"))

    assert client.read().get(112) == b"still here"


def test_hostile_values_reach_the_floor_as_they_are_and_the_client_gets_them_back(at_work):
    """Ids are the venue's business: here nothing may break on them."""
    client = at_work.client()
    client.log_on()
    for cl_ord_id in ("'; DROP TABLE orders; --", "\x00\r\n", "ÿ" * 60, " "):
        client.send("D", (11, cl_ord_id.encode("latin-1")), *order_fields("")[1:])

        assert client.read().get(11) == cl_ord_id.encode("latin-1")
        client.read()


def test_everybody_is_logged_out_when_the_house_closes():
    with doors(ONE) as house:
        client = house.client()
        client.log_on()
        house.close_soon()

        assert client.read().get(58) == b"the test is over"
        client.send("5")
        assert texts(client) == []


def test_strangers_are_cut_off_when_the_house_closes():
    with doors(ONE) as house:
        stranger = house.client()
        house.wait_until(lambda: house.connections() == 1)
        house.close_soon()

        assert texts(stranger) == []


def test_nothing_is_said_when_a_turn_has_failed():
    """What was asked may not be durable: silence is right, and the program ends itself."""
    with doors(ONE) as house:
        client = house.client()
        client.log_on()
        house.fail_from_now_on()

        client.order("A1")
        house.settle()
        house.do(house.acceptor.turn)

        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        assert house.failures == ["the disk is full"]


# Faults.


def test_a_line_is_cut_without_a_word(at_work):
    client = at_work.client()
    client.log_on()

    at_work.do(lambda: at_work.acceptor.disconnect(at_work.session("CLIENT1")))

    assert texts(client) == []
    assert not at_work.session("CLIENT1").online
    again = at_work.client()
    again.number = 2
    assert again.log_on().get(35) == b"A"


def test_a_venue_that_does_not_read_reads_later(at_work):
    client = at_work.client()
    client.log_on()
    session = at_work.session("CLIENT1")

    def stop_reading() -> None:
        session.faults.stop_reading(until=time.monotonic() + 0.5)
        at_work.acceptor.turn()

    at_work.do(stop_reading)
    client.order("A1")
    began = time.monotonic()

    assert client.read().get(11) == b"A1"
    assert time.monotonic() - began > 0.3


def test_latency_is_felt(at_work):
    client = at_work.client()
    client.log_on()
    at_work.do(lambda: at_work.session("CLIENT1").faults.delay(0.3))

    began = time.monotonic()
    client.order("A1")
    assert client.read().get(11) == b"A1"

    assert 0.3 <= time.monotonic() - began < 3
