"""The session as conversations: numbers, resends, heartbeats, logons, refusals."""

import pytest

from simulator.fix.codec import Framer, parse
from simulator.fix.instant import stamped
from simulator.fix.profile import Excess, Version
from simulator.fix.store import MemoryStore
from tests.simulator.sim_fix_talk import ORDER, Talk, report

DUP = ((43, "Y"), (122, "20221130-14:00:00.000"))


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    assert talk.log_on() == ["A seq=1 98=0 108=30"]
    assert talk.asked() == ["+"]
    return talk


# Logging on.


def test_fixt_says_its_application_version():
    talk = Talk(version=Version.FIX50SP2)

    assert talk.log_on() == ["A seq=1 98=0 108=30 1137=9"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"heartbeat": -1}, "HeartBtInt(108) must be 0 to 86400"),
        ({"heartbeat": ""}, "HeartBtInt(108) is required"),
        ({"heartbeat": "soon"}, "HeartBtInt(108) is badly formatted: 'soon'"),
        ({"sent_at": "20201130-14:30:00"}, "SendingTime(52) is more than 120 s from our clock"),
        ({"sent_at": "20220230-14:30:00"}, "SendingTime(52) is not a day of the calendar"),
        ({"sent_at": ""}, "SendingTime(52) is required"),
    ],
)
def test_a_logon_that_is_wrong_is_told_why_and_ended(fields, text):
    talk = Talk()

    (answer,) = talk.log_on(**fields)

    assert answer.startswith(f"5 seq=1 58={text}")
    assert talk.session.over
    assert not talk.session.online
    assert talk.asked() == []


def test_encryption_is_refused():
    talk = Talk()
    raw = talk.raw("A", (98, 1), (108, 30))

    talk.session.log_on(parse(raw), talk.now)

    assert talk.heard() == [
        "5 seq=1 58=EncryptMethod(98) must be 0: encrypt the connection instead"
    ]


@pytest.mark.parametrize(
    ("given", "logs_on"),
    [
        (((553, "ada"), (554, "secret")), True),
        (((553, "ada"), (554, "wrong")), False),
        (((553, "bob"), (554, "secret")), False),
        (((553, "ada"),), False),
        ((), False),
        (((553, "ada"), (554, "sécret")), False),
    ],
)
def test_a_password_is_asked_where_there_is_one(given, logs_on):
    talk = Talk(username="ada", password="secret")

    (answer,) = talk.log_on(*given)

    assert talk.session.online is logs_on
    if not logs_on:
        assert answer == "5 seq=1 58=Username(553) or Password(554) is wrong"


def test_a_password_may_have_any_letters():
    """On the wire it is UTF-8, as in its file."""
    talk = Talk(password="pä$$wörd")

    talk.log_on((554, "pä$$wörd".encode().decode("latin-1")))

    assert talk.session.online


def test_fixt_without_the_application_version_is_refused():
    talk = Talk(version=Version.FIX50SP2)
    raw = talk.raw("A", (98, 0), (108, 30), (1137, 7))

    talk.session.log_on(parse(raw), talk.now)

    assert talk.heard() == ["5 seq=1 58=DefaultApplVerID(1137) must be 9 (FIX 5.0 SP2)"]


def test_both_numbers_begin_again_when_the_client_asks():
    talk = Talk()
    talk.session.store.next_in, talk.session.store.next_out = 7, 12

    assert talk.log_on((141, "Y")) == ["A seq=1 98=0 108=30 141=Y"]
    assert talk.say("D", *ORDER) == []
    assert talk.asked() == ["+", "A1"]


def test_a_reset_must_begin_at_1():
    talk = Talk()

    (answer,) = talk.log_on((141, "Y"), number=5)

    assert "must be 1 where ResetSeqNumFlag(141) is Y, not 5" in answer


def test_both_numbers_begin_again_at_each_logon_where_the_profile_says_so():
    talk = Talk(reset_on_logon=True)
    talk.session.store.next_in, talk.session.store.next_out = 7, 12

    assert talk.log_on() == ["A seq=1 98=0 108=30"]


def test_a_logon_below_the_expected_number_is_ended():
    talk = Talk()
    talk.session.store.next_in = 7

    (answer,) = talk.log_on()

    assert answer == "5 seq=1 58=MsgSeqNum(34) too low, expecting 7 but received 1"
    assert talk.session.store.next_in == 7


def test_a_logon_above_the_expected_number_is_taken_and_the_rest_asked_for():
    talk = Talk()
    talk.session.store.next_in = 3

    assert talk.log_on(number=9) == ["A seq=1 98=0 108=30", "2 seq=2 7=3 16=0"]
    assert talk.session.store.next_in == 3
    assert talk.say("4", (123, "Y"), (36, 10), number=3, more=DUP) == []
    assert talk.session.store.next_in == 10


def test_what_the_client_missed_is_sent_again_when_the_logon_says_so():
    """NextExpectedMsgSeqNum: no ResendRequest is needed on either side."""
    talk = Talk()
    talk.log_on()
    talk.report(1)
    talk.hang_up()
    talk.report(2)

    answers = talk.log_on((789, 2), number=2)

    assert answers == [
        "A seq=4 98=0 108=30 789=3",
        "8 seq=2 dup 17=E-1",
        "8 seq=3 dup 17=E-2",
    ]


def test_expecting_what_was_never_sent_is_refused():
    (answer,) = Talk().log_on((789, 5))

    assert answer.startswith("5 seq=1 58=NextExpectedMsgSeqNum(789) 5 is too high")


def test_a_second_logon_is_rejected(talk):
    (answer,) = talk.say("A", (98, 0), (108, 30))

    assert answer.startswith("3 seq=2 45=2 372=A 373=99 58=already logged on")
    assert talk.session.online


def test_numbers_may_begin_again_in_mid_session(talk):
    talk.report(1)
    talk.say("D", *ORDER)

    assert talk.say("A", (98, 0), (108, 30), (141, "Y"), number=1) == ["A seq=1 98=0 108=30 141=Y"]
    assert talk.report(2) == ["8 seq=2 17=E-2"]
    assert talk.say("1", (112, "x"), number=2) == ["0 seq=3 112=x"]


# Numbers of the client.


def test_messages_in_their_turn_are_taken(talk):
    for _ in range(3):
        talk.say("D", *ORDER)

    assert talk.asked() == ["A1"] * 3
    assert talk.session.store.next_in == 5


def test_a_gap_is_asked_for_once_and_what_came_too_early_is_taken_when_it_comes_again(talk):
    assert talk.say("D", *ORDER, number=4) == ["2 seq=2 7=2 16=0"]
    assert talk.say("D", *ORDER, number=5) == []
    assert talk.asked() == []

    for number in (2, 3, 4, 5):
        assert talk.say("D", *ORDER, number=number, more=DUP) == []

    assert talk.asked() == ["A1"] * 4
    assert talk.say("D", *ORDER, number=7) == ["2 seq=3 7=6 16=0"], "the next gap is a new one"


def test_a_resend_that_does_not_come_is_asked_for_again_and_then_given_up(talk):
    talk.say("D", *ORDER, number=4)

    heard = []
    for _ in range(5):
        heard += talk.wait(31)
        if not talk.session.over:
            heard += talk.say("0", number=5)

    asked = [one for one in heard if one.startswith("2 ")]
    assert len(asked) == 3
    assert any("messages from 2 on were not sent again" in one for one in heard)
    assert talk.session.over


def test_a_number_below_ends_the_session(talk):
    talk.say("D", *ORDER)

    assert talk.say("D", *ORDER, number=2) == [
        "5 seq=2 58=MsgSeqNum(34) too low, expecting 3 but received 2"
    ]
    assert talk.session.over


def test_a_possible_duplicate_below_is_passed_over(talk):
    talk.say("D", *ORDER)
    talk.asked()

    assert talk.say("D", *ORDER, number=2, more=DUP) == []
    assert talk.asked() == []
    assert not talk.session.over


def test_a_possible_duplicate_must_say_when_it_was_first_sent(talk):
    (answer,) = talk.say("D", *ORDER, more=((43, "Y"),))

    assert answer.startswith("3 seq=2 45=2 371=122 372=D 373=1 58=OrigSendingTime(122)")
    assert talk.session.store.next_in == 3


def test_a_possible_duplicate_cannot_be_older_than_its_original(talk):
    reject, logout = talk.say("D", *ORDER, more=((43, "Y"), (122, "20991130-14:00:00.000")))

    assert reject.startswith("3 seq=2 45=2 371=122 372=D 373=10")
    assert logout.startswith("5 seq=3")
    assert talk.session.over


def test_a_message_without_a_number_ends_the_session(talk):
    assert talk.say("D", *ORDER, number="") == [
        "5 seq=2 58=MsgSeqNum(34) is missing or is no number"
    ]
    assert talk.session.over


# Who speaks, and when.


@pytest.mark.parametrize(
    ("header", "tag", "reason"),
    [
        ({"sender": "D"}, 49, 9),
        ({"sender": ""}, 49, 9),
        ({"target": "YSIM"}, 56, 9),
        ({"sent_at": "20221130-13:30:00"}, 52, 10),
        ({"sent_at": "20221130-15:30:00"}, 52, 10),
    ],
)
def test_another_name_or_time_is_rejected_and_ends_the_session(talk, header, tag, reason):
    reject, logout = talk.say("D", *ORDER, **header)

    assert reject.startswith(f"3 seq=2 45=2 371={tag} 372=D 373={reason} 58=")
    assert logout.startswith("5 seq=3 58=")
    assert talk.session.over
    assert talk.asked() == []
    assert talk.session.store.next_in == 3


def test_another_version_ends_the_session(talk):
    assert talk.say("D", *ORDER, begin_string="FIX.4.2") == [
        "5 seq=2 58=BeginString(8) must be FIX.4.4"
    ]


def test_a_client_whose_clock_stands_still_is_found_out(talk):
    """The same SendingTime is right at first and stale later."""
    sent_at = stamped(talk.now.wall)
    assert talk.say("0", sent_at=sent_at) == []
    talk.seconds += 125

    heard = talk.say("0", sent_at=sent_at)

    assert "373=10" in heard[0]


# Sending again.


def test_reports_are_sent_again_and_the_rest_is_filled(talk):
    talk.report(1)  # 2
    talk.say("1", (112, "x"))  # 3: a heartbeat.
    talk.report(2)  # 4

    assert talk.say("2", (7, 1), (16, 0)) == [
        "4 seq=1 dup 123=Y 36=2",
        "8 seq=2 dup 17=E-1",
        "4 seq=3 dup 123=Y 36=4",
        "8 seq=4 dup 17=E-2",
    ]


@pytest.mark.parametrize(
    ("first", "last", "numbers"),
    [(2, 2, "2"), (2, 3, "23"), (3, 0, "345"), (3, 999_999, "345"), (5, 5, "5")],
)
def test_only_what_was_asked_for_is_sent_again(talk, first, last, numbers):
    for number in range(1, 5):
        talk.report(number)

    again = talk.say("2", (7, first), (16, last))

    assert again == [f"8 seq={number} dup 17=E-{int(number) - 1}" for number in numbers]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (9, 0), (3, 2)])
def test_a_range_that_was_never_sent_is_rejected(talk, first, last):
    talk.report(1)
    talk.report(2)

    (answer,) = talk.say("2", (7, first), (16, last))

    assert answer.startswith("3 seq=4 45=2 371=7 372=2 373=5 58=BeginSeqNo(7)")


def test_a_resent_message_is_the_one_that_was_sent_but_for_its_header(talk):
    sent = talk.session.say(report(1), talk.now)
    talk.seconds += 5
    talk.session.take_out(talk.seconds)
    talk.session.receive(talk.raw("2", (7, 2), (16, 2)), talk.now)

    (again,) = talk.session.take_out(talk.seconds)

    fields = [field for field in again.split(b"\x01")[2:-2] if field != b"43=Y"]
    first = sent.split(b"\x01")[2:-2]
    assert [field for field in fields if field[:3] not in (b"52=", b"122")] == [
        field for field in first if field[:3] != b"52="
    ]
    assert b"122=" + next(f for f in first if f[:3] == b"52=")[3:] in again.split(b"\x01")


def test_a_request_above_the_expected_number_is_answered_before_the_gap_is_asked_for(talk):
    """Otherwise two ends that both miss something would wait for each other."""
    talk.report(1)

    assert talk.say("2", (7, 2), (16, 0), number=5) == ["8 seq=2 dup 17=E-1", "2 seq=3 7=2 16=0"]


def test_a_long_resend_goes_in_pages_and_what_is_said_meanwhile_follows(talk):
    for number in range(1, 1201):
        talk.report(number)

    first = talk.say("2", (7, 2), (16, 0))
    assert talk.session.busy
    assert talk.report(1201) == []
    assert talk.say("1", (112, "x")) == []
    rest = []
    while talk.session.busy:
        talk.session.more(talk.now)
        rest += talk.heard()

    everything = first + rest
    numbers = [int(one.split()[1].removeprefix("seq=")) for one in everything]
    assert numbers == list(range(2, 1204))
    assert len(first) <= 500
    assert everything[-2] == "8 seq=1202 17=E-1201", "said meanwhile: an original"
    assert everything[-1] == "0 seq=1203 112=x"


def test_a_client_who_does_not_read_a_resend_is_not_sent_heartbeats(talk):
    for number in range(1, 1201):
        talk.report(number)
    talk.say("2", (7, 2), (16, 0))

    for _ in range(40):
        assert talk.wait(10) == []
        assert talk.say("0") == []

    assert talk.session.busy
    assert not talk.session.over


def test_a_goodbye_does_not_wait_for_a_resend(talk):
    for number in range(1, 1201):
        talk.report(number)
    talk.say("2", (7, 2), (16, 0))

    assert talk.say("5") == ["5 seq=1202"]
    assert talk.session.over


def test_what_is_said_to_a_client_who_is_away_waits_for_its_request():
    talk = Talk()
    talk.log_on()
    talk.hang_up()
    assert talk.report(1) == []

    assert talk.log_on(number=2) == ["A seq=3 98=0 108=30"]
    assert talk.say("2", (7, 2), (16, 0), number=3) == [
        "8 seq=2 dup 17=E-1",
        "4 seq=3 dup 123=Y 36=4",
    ]


def test_what_memory_no_longer_has_is_filled():
    talk = Talk(store=MemoryStore(room=700))
    talk.log_on()
    for number in range(1, 10):
        talk.report(number)

    gap, *rest = talk.say("2", (7, 2), (16, 0))

    assert gap.startswith("4 seq=2 dup 123=Y 36=")
    assert rest[-1] == "8 seq=10 dup 17=E-9"
    assert 1 <= len(rest) < 9


def test_possible_resend_is_said_in_the_message(talk):
    talk.session.say(report(1), talk.now, poss_resend=True)

    assert talk.heard() == ["8 seq=2 97=Y 17=E-1"]


# SequenceReset.


@pytest.mark.parametrize(
    ("flag", "number", "following", "expected"),
    [
        ("Y", None, 5, 5),
        ("N", None, 5, 5),
        ("", None, 5, 5),
        ("N", 77, 9, 9),
        ("N", 1, 9, 9),
        ("N", None, 2, 2),
    ],
)
def test_the_client_moves_its_number(talk, flag, number, following, expected):
    assert talk.say("4", (123, flag), (36, following), number=number) == []
    assert talk.session.store.next_in == expected


@pytest.mark.parametrize(("flag", "following"), [("Y", 2), ("Y", 1), ("N", 1)])
def test_the_client_cannot_move_its_number_back(talk, flag, following):
    (answer,) = talk.say("4", (123, flag), (36, following))

    assert answer.startswith("3 seq=2 45=2 371=36 372=4 373=5 58=NewSeqNo(36)")
    assert talk.session.store.next_in == 2


def test_a_gap_fill_above_the_expected_number_is_a_gap_itself(talk):
    assert talk.say("4", (123, "Y"), (36, 9), number=5) == ["2 seq=2 7=2 16=0"]
    assert talk.session.store.next_in == 2


# Refusals of content.


@pytest.mark.parametrize("version", tuple(Version))
def test_a_message_that_the_standard_forbids_is_rejected_and_used_up(version):
    talk = Talk(version=version)
    talk.log_on()

    (answer,) = talk.say("D", *[field for field in ORDER if field[0] != 54])

    assert answer == "3 seq=2 45=2 371=54 372=D 373=1 58=Side(54) is required"
    assert talk.session.store.next_in == 3
    assert talk.asked() == ["+"]


@pytest.mark.parametrize("version", tuple(Version))
def test_what_is_not_played_gets_a_business_reject(version):
    talk = Talk(version=version)
    talk.log_on()

    assert talk.say("B", (148, "news"), (33, 1), (58, "line")) == [
        "j seq=2 45=2 372=B 380=3 58=MsgType(35) B is not played here"
    ]


def test_a_price_that_is_missing_gets_a_business_reject(talk):
    assert talk.say("D", *[field for field in ORDER if field[0] != 44]) == [
        "j seq=2 45=2 372=D 379=A1 380=5 58=Price(44) is required here"
    ]


@pytest.mark.parametrize(("version", "reason"), [(Version.FIX44, "0"), (Version.FIX50SP2, "8")])
def test_too_many_messages_a_second_are_declined(version, reason):
    talk = Talk(version=version, messages_per_second=3)
    talk.log_on()

    answers = [talk.say("D", *ORDER) for _ in range(5)]

    assert answers[:3] == [[], [], []]
    assert answers[3] == [
        f"j seq=2 45=5 372=D 379=A1 380={reason} 58=more than 3 messages a second"
    ]
    assert talk.asked() == ["+", "A1", "A1", "A1"]
    talk.seconds += 1
    assert talk.say("D", *ORDER) == []


def test_too_many_messages_a_second_may_end_the_session():
    talk = Talk(messages_per_second=1, excess=Excess.LOGOUT)
    talk.log_on()
    talk.say("D", *ORDER)

    assert talk.say("D", *ORDER) == ["5 seq=2 58=more than 1 messages a second"]
    assert talk.session.over


@pytest.mark.parametrize("is_thrown_out", [True, False])
def test_nothing_follows_a_logout_and_what_was_said_meanwhile_can_be_had_later(is_thrown_out):
    talk = Talk(messages_per_second=1, excess=Excess.LOGOUT)
    talk.log_on()
    talk.say("D", *ORDER)
    (goodbye,) = talk.say("D", *ORDER) if is_thrown_out else talk.say("5")

    assert goodbye.startswith("5 seq=2")
    assert talk.report(1) == []

    talk.hang_up()
    talk.seconds += 1
    talk.log_on()
    assert "8 seq=3 dup 17=E-1" in talk.say("2", (7, 3), (16, 0))


def test_garbled_messages_are_passed_over_until_they_are_too_many(talk):
    for _ in range(19):
        talk.session.garbled(talk.now)
    assert talk.heard() == []
    assert talk.say("1", (112, "x")) == ["0 seq=2 112=x"]

    talk.session.garbled(talk.now)

    assert talk.heard() == ["5 seq=3 58=too many garbled messages"]


# Heartbeats and goodbyes.


def test_a_test_request_is_answered(talk):
    assert talk.say("1", (112, "are you there")) == ["0 seq=2 112=are you there"]


def test_a_quiet_session_beats_and_asks_and_gives_up():
    talk = Talk()
    talk.log_on(heartbeat=10)

    heard = [one.split()[0] for one in talk.wait(40)]

    assert heard[:3] == ["0", "1", "0"]
    assert heard[-1] == "5"
    assert talk.session.over
    assert talk.seconds - 100 > 22


def test_any_message_answers_a_test_request():
    talk = Talk()
    talk.log_on(heartbeat=10)

    for _ in range(6):
        talk.wait(13)
        talk.say("0")

    assert not talk.session.over


def test_a_heartbeat_of_0_is_none():
    talk = Talk()
    talk.log_on(heartbeat=0)

    assert talk.wait(1000, step=10) == []
    assert not talk.session.over


def test_a_logout_is_answered_and_the_client_is_gone(talk):
    assert talk.say("5") == ["5 seq=2"]
    assert talk.session.over
    talk.hang_up()
    assert talk.asked() == ["-"]


def test_our_logout_waits_for_its_answer(talk):
    talk.session.logout("good night", talk.now)
    assert talk.heard() == ["5 seq=2 58=good night"]
    assert not talk.session.over
    talk.say("D", *ORDER)
    assert talk.asked() == ["A1"], "what was under way is still taken"

    assert talk.say("5") == []
    assert talk.session.over


def test_our_logout_does_not_wait_for_ever(talk):
    talk.session.logout("good night", talk.now)

    talk.wait(6)

    assert talk.session.over


def test_a_number_survives_everything_else(talk):
    """Over reconnects both numbers go on where they were."""
    talk.say("D", *ORDER)
    talk.report(1)
    talk.hang_up()

    assert talk.log_on() == ["A seq=3 98=0 108=30"]
    assert talk.asked() == ["A1", "-", "+"]


# Misbehaviour on purpose.


def test_a_lost_message_leaves_a_gap_that_a_resend_fills(talk):
    talk.session.faults.lose()

    assert talk.report(1) == []
    assert talk.report(2) == ["8 seq=3 17=E-2"]
    assert talk.say("2", (7, 2), (16, 0)) == ["8 seq=2 dup 17=E-1", "8 seq=3 dup 17=E-2"]


def test_messages_are_swapped_on_the_wire(talk):
    talk.session.faults.swap()

    assert talk.report(1) == []
    assert talk.report(2) == ["8 seq=3 17=E-2", "8 seq=2 17=E-1"]
    assert talk.report(3) == ["8 seq=4 17=E-3"]


def test_a_wrong_checksum_is_sent_once(talk):
    talk.session.faults.damage()
    for number in (1, 2):
        talk.session.say(report(number), talk.now)
    damaged, sound = talk.session.take_out(talk.seconds)

    framer = Framer(1 << 16)
    assert list(framer.feed(damaged + sound)) == [sound]
    assert framer.garbled == 1


def test_the_last_report_comes_again_as_a_possible_duplicate(talk):
    talk.report(1)

    talk.session.repeat(talk.now, possible_duplicate=True)
    assert talk.heard() == ["8 seq=2 dup 17=E-1"]
    assert talk.report(2) == ["8 seq=3 17=E-2"]


def test_the_last_report_comes_again_as_if_it_were_new(talk):
    talk.report(1)

    talk.session.repeat(talk.now, possible_duplicate=False)
    assert talk.heard() == ["8 seq=3 17=E-1"]


def test_our_number_is_reset_without_being_asked(talk):
    talk.report(1)

    talk.session.reset_sequence(1, talk.now)
    assert talk.heard() == ["4 seq=3 123=N 36=1"]
    assert talk.report(2) == ["8 seq=1 17=E-2"]
    assert talk.say("2", (7, 1), (16, 0)) == ["8 seq=1 dup 17=E-2"], "not what had the number once"


def test_a_resend_is_refused_for_a_while(talk):
    talk.report(1)
    talk.session.faults.refuse_resends(until=talk.seconds + 60)

    assert talk.say("2", (7, 2), (16, 0)) == []
    talk.seconds += 60
    assert talk.say("2", (7, 2), (16, 0)) == ["8 seq=2 dup 17=E-1"]


def test_a_silent_session_says_everything_afterwards(talk):
    talk.session.faults.fall_silent(until=talk.seconds + 100)

    assert talk.report(1) == []
    assert talk.wait(99, step=33) == []
    talk.seconds += 1
    heard = [one.split()[0] for one in talk.report(2)]
    assert heard[0] == heard[-1] == "8"
    assert heard.count("0") > 1, "the heartbeats of the meantime"


def test_latency_keeps_the_order_and_is_the_same_for_the_same_seed():
    def due_times() -> list[float]:
        talk = Talk()
        talk.log_on()
        talk.session.faults.delay(1.0, jitter=5.0)
        for number in range(1, 6):
            assert talk.report(number) == []
        times, heard = [], []
        while len(heard) < 5:
            due = talk.session.faults.next_due()
            assert due is not None
            talk.seconds = due
            heard += talk.heard()
            times.append(due)
        assert heard == [f"8 seq={number + 1} 17=E-{number}" for number in range(1, 6)]
        return times

    assert due_times() == due_times()
    assert min(due_times()) > 101


def test_what_a_silence_holds_back_is_counted_and_goes_with_the_connection(talk):
    talk.session.faults.fall_silent(until=talk.seconds + 100)
    talk.report(1)
    talk.report(2)
    assert talk.session.faults.held_bytes > 300

    talk.hang_up()

    assert talk.session.faults.held_bytes == 0
    assert talk.log_on() == [], "who hangs is silent to a new connection too"
    talk.seconds += 100
    assert talk.heard() == ["A seq=4 98=0 108=30"]
    assert talk.say("2", (7, 2), (16, 3))[0] == "8 seq=2 dup 17=E-1"


def test_the_line_breaks_after_so_many_messages(talk):
    talk.session.faults.drop_after(2)

    assert talk.report(1) == ["8 seq=2 17=E-1"]
    assert not talk.session.faults.cut
    assert talk.report(2) == ["8 seq=3 17=E-2"]
    assert talk.session.faults.cut
    assert talk.report(3) == []
