"""Settings that do not fit stop the start, with the place named."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ConfigError
from gateway.dictionary import load, standard_path, write_for_sending, write_relaxed
from gateway.filestore import blot_secrets, check_store, dated_today, sent_orders, sent_replaces
from gateway.session_file import write_session_config
from gateway.sessioncfg import read_sessions, render
from gateway.settings import load_settings

TABLE = {"XSIM": {"session": "FIX.4.4:TRIMTAB->XSIM"}}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "fix.cfg"
    write_session_config(path, {"XSIM": ("127.0.0.1", 5001)}, store=tmp_path / "store")
    return path


def line_of(path, text: str) -> int:
    return path.read_text().splitlines().index(text) + 1


def test_what_we_write_we_accept(config):
    settings = load_settings(config, TABLE, {"TRIMTAB_FIX_PASSWORD_XSIM": "s3cret"})

    profile = settings.profiles[0]
    assert profile.session.name == "FIX.4.4:TRIMTAB->XSIM"
    assert profile.password == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ResetOnLogon=N", "ResetOnLogon=Y", "ResetOnLogon=Y is refused: fills that were sent"),
        ("ResetOnLogout=N", "ResetOnLogout=Y", "ResetOnLogout=Y is refused"),
        ("ResetOnDisconnect=N", "ResetOnDisconnect=Y", "ResetOnDisconnect=Y is refused"),
        ("PersistMessages=Y", "PersistMessages=N", "PersistMessages=N is refused"),
        ("SocketNodelay=Y", "SocketNodelay=N", "[DEFAULT] must say SocketNodelay=Y"),
        ("AllowUnknownMsgFields=Y", "AllowUnknownMsgFields=N", "AllowUnknownMsgFields must be Y"),
        ("HeartBtInt=30", "HeartBtIn=30", "unknown key HeartBtIn; did you mean HeartBtInt?"),
        ("HeartBtInt=30", "HeartBtInt=-1", "HeartBtInt=-1 is not a number"),
        ("HeartBtInt=30", "HeartBtInt", "'HeartBtInt' is neither a section nor Key=Value"),
        ("ConnectionType=initiator", "ConnectionType=acceptor", "ConnectionType must be initiator"),
        ("BeginString=FIX.4.4", "BeginString=FIX.4.2", "only FIX.4.4 and FIXT.1.1 are spoken"),
        ("PersistMessages=Y", "ResetOnLogon=N", "ResetOnLogon was set on line"),
    ],
)
def test_a_dangerous_or_misspelt_key_stops_the_start_with_its_line(config, old, new, message):
    text = config.read_text()
    line = line_of(config, old)
    config.write_text(text.replace(f"\n{old}\n", f"\n{new}\n"))

    with pytest.raises(ConfigError) as caught:
        read_sessions(config)
    text = str(caught.value)

    assert message in text
    named = int(text.removeprefix(f"{config}:").split(":")[0])
    assert named in (line, line_of(config, new))


@pytest.mark.parametrize("key", ["FileStorePath", "DataDictionary", "HeartBtInt"])
def test_a_missing_key_names_the_session(config, key):
    lines = [line for line in config.read_text().splitlines() if not line.startswith(key)]
    config.write_text("\n".join(lines))

    with pytest.raises(
        ConfigError, match=rf"fix\.cfg:{line_of(config, '[SESSION]')}: {key} is missing"
    ):
        read_sessions(config)


def test_nodelay_outside_default_is_not_believed(config):
    text = config.read_text().replace("SocketNodelay=Y\n", "") + "SocketNodelay=Y\n"
    config.write_text(text)

    with pytest.raises(ConfigError, match=r"\[DEFAULT\] must say SocketNodelay=Y"):
        read_sessions(config)


@pytest.mark.parametrize(
    ("venues", "message"),
    [
        ({}, "there is no [venues.NAME] table"),
        ({"XSIM": {"session": "FIX.4.4:TRIMTAB->XSIN"}}, "session 'FIX.4.4:TRIMTAB->XSIN' is not"),
        ({"XSIM": {**TABLE["XSIM"], "throtle": 5}}, "unknown key throtle; did you mean throttle?"),
        ({"XSIM": {**TABLE["XSIM"], "throttle": 0}}, "throttle = 0 would never send"),
        ({"XSIM": {**TABLE["XSIM"], "throttle": "5"}}, "must be of type int"),
        ({"XSIM": {**TABLE["XSIM"], "tls": True}}, "it would connect in clear"),
        ({"x": TABLE["XSIM"]}, "capital letters"),
        ({**TABLE, "YSIM": TABLE["XSIM"]}, "name the same session"),
    ],
)
def test_a_venue_table_that_does_not_fit_is_named(config, venues, message):
    with pytest.raises(ConfigError) as caught:
        load_settings(config, venues, {})

    assert message in str(caught.value)
    assert str(caught.value).startswith("trimtab.toml:")


def test_a_session_that_no_venue_uses_is_named(tmp_path):
    path = tmp_path / "fix.cfg"
    write_session_config(path, {"XSIM": ("h", 1), "YSIM": ("h", 2)}, store=tmp_path)

    with pytest.raises(ConfigError, match=r"no \[venues.NAME\] table .* uses session .*YSIM"):
        load_settings(path, TABLE, {})


def test_a_password_with_a_separator_is_refused(config):
    with pytest.raises(ConfigError, match="TRIMTAB_FIX_PASSWORD_XSIM"):
        load_settings(config, TABLE, {"TRIMTAB_FIX_PASSWORD_XSIM": "a\x01b"})


def test_the_relaxed_dictionary_keeps_groups_and_drops_judgement(tmp_path):
    target = tmp_path / "relaxed.xml"
    write_relaxed(standard_path(), target)

    relaxed, standard = load(target), load(standard_path())
    text = target.read_text()
    assert relaxed.tags.items() >= standard.tags.items()
    assert relaxed.tags.keys() - standard.tags.keys() == {957, 958, 959, 960}, "brokers' group"
    assert (39, "1") in standard.enums
    assert (39, "1") not in relaxed.enums
    assert (98, "0") in relaxed.enums  # Session messages stay strict.
    assert '<field number="31" name="LastPx" type="STRING"' in text
    assert '<field number="453" name="NoPartyIDs" type="NUMINGROUP"' in text


def test_the_dictionary_for_sending_knows_what_we_send_and_no_more(tmp_path):
    relaxed, small = tmp_path / "relaxed.xml", tmp_path / "small.xml"
    write_relaxed(standard_path("FIX50SP2"), relaxed)

    write_for_sending(relaxed, small, {"D", "J"})

    assert load(small).messages.keys() == {"D", "J"}
    assert load(small).tags == load(relaxed).tags


def test_the_engine_gets_a_session_with_its_own_dictionary_and_sockets_where_it_reads_them(config):
    session = read_sessions(config)[0]

    default, _, own = render(session, {"DataDictionary": config / "r.xml"}).partition("[SESSION]\n")

    assert f"DataDictionary={config / 'r.xml'}\n" in default
    assert "SocketNodelay=Y\n" in default
    assert own == "BeginString=FIX.4.4\n"


def store_files(config, **contents: bytes):
    config.store.mkdir()
    parts = {
        "seqnums": b"0000000012 : 0000000034",
        "session": b"20221130-20:45:00",
        "header": b"",
        "body": b"",
    }
    for part, content in {**parts, **contents}.items():
        (config.store / f"FIX.4.4-TRIMTAB-XSIM.{part}").write_bytes(content)


def test_a_whole_store_is_read(config):
    session = read_sessions(config)[0]
    store_files(session)

    stored = check_store(session, 33)
    assert (stored.next_sender, stored.next_target) == (12, 34)
    assert stored.began == datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
    assert stored.began_by == stored.began + timedelta(seconds=1)  # Not written then.


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("seqnums", b""),
        ("seqnums", b"0000000012 : "),
        ("seqnums", b"12 : 0"),
        ("seqnums", b"x : y"),
        ("session", b""),
        ("session", b"20221130-20:4"),
        ("session", b"20221330-20:45:00"),
    ],
)
def test_a_torn_store_is_refused(config, part, content):
    session = read_sessions(config)[0]
    store_files(session, **{part: content})

    with pytest.raises(ConfigError, match=rf"\.{part} .*restore the store from backup"):
        check_store(session, 33)


def test_a_store_that_vanished_is_refused_only_when_the_database_knows_the_session(config):
    session = read_sessions(config)[0]

    assert check_store(session, 0) is None
    with pytest.raises(ConfigError, match="is missing, but the database has 33 messages"):
        check_store(session, 33)


def test_a_start_that_dies_while_the_store_is_dated_today_leaves_its_beginning_readable(config):
    session = read_sessions(config)[0]
    store_files(session)
    before = check_store(session, 33)

    with dated_today(session, datetime(2022, 12, 2, 9, tzinfo=UTC)):
        as_a_kill_leaves_it = check_store(session, 33)
        first_word = (session.store / "FIX.4.4-TRIMTAB-XSIM.session").read_text().split()[0]

    assert first_word == "20221202-09:00:00"
    assert as_a_kill_leaves_it == before == check_store(session, 33)


def test_passwords_are_blotted_out_of_the_store_without_moving_a_byte(config):
    session = read_sessions(config)[0]
    body = b"8=FIX.4.4\x0135=A\x01553=me\x01554=s3cret\x0110=000\x018=FIX.4.4\x0135=D\x0111=C1\x01"
    store_files(session, body=body)

    blot_secrets(session)

    after = (session.store / "FIX.4.4-TRIMTAB-XSIM.body").read_bytes()
    assert len(after) == len(body)
    assert b"s3cret" not in after
    assert b"554=******\x01" in after
    assert after.endswith(b"35=D\x0111=C1\x01")


def stored(number: int, name: str, kind: str = "D") -> bytes:
    return f"8=FIX.4.4\x0135={kind}\x0134={number}\x0111={name}\x0155=KO\x0110=000\x01".encode()


def test_the_orders_that_may_have_left_are_new_orders_only(config):
    """A question about an order names it too, and proves nothing."""
    session = read_sessions(config)[0]

    assert sent_orders(session) == frozenset()
    store_files(
        session, seqnums=b"5 : 9", body=stored(2, "C1") + stored(3, "C2", "H") + stored(4, "C3")
    )

    assert sent_orders(session) == {"C1", "C3"}


def test_an_order_that_was_stored_and_not_counted_never_left(config):
    """Killed between the two: the engine would give its number to the next message."""
    session = read_sessions(config)[0]
    store_files(session, seqnums=b"3 : 9", body=stored(2, "C1") + stored(3, "C2"))

    assert sent_orders(session) == {"C1"}


def test_an_order_whose_number_another_message_took_never_left(config):
    """The same, and the process was killed again after its next logon."""
    session = read_sessions(config)[0]
    body = stored(2, "C1") + stored(3, "C2") + stored(3, "", "A")
    store_files(session, seqnums=b"4 : 9", body=body)

    assert sent_orders(session) == {"C1"}


def test_the_replaces_that_may_have_left_are_known_by_their_numbers(config):
    session = read_sessions(config)[0]
    body = stored(2, "C1") + stored(3, "C1.1", "G") + stored(4, "C1.2", "G") + stored(5, "C2", "G")
    store_files(session, seqnums=b"5 : 9", body=body + stored(4, "", "A"))

    assert sent_replaces(session) == {3: "C1.1"}
