"""FIX for people."""

import pytest

from gateway.decode import describe, headline
from gateway.dictionary import load, standard_path

NAMES = load(standard_path())


def raw(text: str) -> str:
    return text.replace("|", "\x01")


@pytest.mark.parametrize(
    ("text", "direction", "line"),
    [
        (
            "8=FIX.4.4|35=D|34=214|49=OMS|56=JPM|11=C1|55=AAPL|54=1|38=1200|40=2|44=190.25|59=0|",
            "out",
            "OMS->JPM ▶ NewOrderSingle BUY 1,200 AAPL limit 190.25 day seq=214",
        ),
        (
            "8=FIX.4.4|35=D|34=215|49=OMS|56=JPM|55=AAPL|54=2|38=1200|40=1|59=3|",
            "out",
            "OMS->JPM ▶ NewOrderSingle SELL 1,200 AAPL market immediate or cancel seq=215",
        ),
        (
            "35=8|34=302|49=JPM|56=OMS|55=AAPL|54=1|150=F|39=1|32=700|31=190.240|14=700|38=1200|6=190.24|",
            "in",
            (
                "OMS->JPM ◀ ExecutionReport BUY AAPL partially filled 700 @ 190.24  "
                "filled 700/1,200 avg 190.24 seq=302"
            ),
        ),
        (
            "35=8|34=9|49=JPM|56=OMS|55=PG|54=1|150=F|39=1|32=9|31=147.1|14=9|38=12|6=146.89203714|",
            "in",
            (
                "OMS->JPM ◀ ExecutionReport BUY PG partially filled 9 @ 147.10  "
                "filled 9/12 avg 146.892 seq=9"
            ),
        ),
        (
            "35=8|34=3|49=JPM|56=OMS|55=AAPL|54=1|150=8|39=8|14=0|38=5|58=no symbol|43=Y|",
            "in",
            'OMS->JPM ◀ ExecutionReport BUY AAPL rejected  filled 0/5 "no symbol" seq=3 possdup',
        ),
        (
            "35=8|34=3|49=JPM|56=OMS|55=HD|54=2|150=H|39=1|19=E7|32=0|31=0|14=178|38=209|6=319.37|",
            "in",
            (
                "OMS->JPM ◀ ExecutionReport SELL HD trade cancel of E7, partially filled  "
                "filled 178/209 avg 319.37 seq=3"
            ),
        ),
        (
            "35=8|34=4|49=JPM|56=OMS|55=HD|54=2|150=5|39=0|14=0|38=209|6=0|",
            "in",
            "OMS->JPM ◀ ExecutionReport SELL HD replaced, new  filled 0/209 seq=4",
        ),
        (
            "35=F|34=9|49=OMS|56=JPM|11=C2|41=C1|55=AAPL|54=1|",
            "out",
            "OMS->JPM ▶ OrderCancelRequest BUY AAPL of C1 seq=9",
        ),
        (
            "35=9|34=4|49=JPM|56=OMS|41=C1|102=0|",
            "in",
            "OMS->JPM ◀ OrderCancelReject of C1 too late to cancel seq=4",
        ),
        (
            "35=J|34=5|49=OMS|56=JPM|70=C1-A1|71=0|626=1|54=1|55=KO|53=300|6=148|78=2|79=A1|80=200|",
            "out",
            "OMS->JPM ▶ AllocationInstruction C1-A1 BUY 300 KO calculated new for 2 accounts seq=5",
        ),
        (
            "35=P|34=5|49=JPM|56=OMS|70=C1-A1|87=1|88=12|58=gone|",
            "in",
            (
                "OMS->JPM ◀ AllocationInstructionAck C1-A1 block level reject unknown cl ord id "
                '"gone" seq=5'
            ),
        ),
        (
            "35=E|34=5|49=OMS|56=JPM|66=C1-L|394=3|68=3|893=N|73=2|11=C1|67=1|11=C2|67=2|",
            "out",
            "OMS->JPM ▶ NewOrderList C1-L 2 of 3 orders seq=5",
        ),
        (
            "35=N|34=5|49=JPM|56=OMS|66=C1-L|429=1|431=7|444=twice|68=1|73=1|11=C1|58=of one|",
            "in",
            'OMS->JPM ◀ ListStatus C1-L 1 of 1 orders reject "twice" seq=5',
        ),
        (
            "35=D|34=7|49=OMS|56=JPM|55=AAPL|54=1|38=90|40=4|99=150|44=151.5|59=1|847=1|",
            "out",
            (
                "OMS->JPM ▶ NewOrderSingle BUY 90 AAPL stop 150.00 limit 151.50 "
                "good till cancel by vwap seq=7"
            ),
        ),
        (
            "35=D|34=8|49=OMS|56=JPM|55=AAPL|54=1|38=90|40=P|18=M|211=-0.02|59=0|847=1000|",
            "out",
            "OMS->JPM ▶ NewOrderSingle BUY 90 AAPL pegged offset -0.02 day by 1000 seq=8",
        ),
        ("35=0|34=5|49=JPM|56=OMS|", "in", "OMS->JPM ◀ Heartbeat seq=5"),
        ("35=?\x1b[31m|34=x|", "in", "?->? ◀ MsgType ?\\x1b[31m seq=x"),
    ],
)
def test_a_message_fits_one_line(text, direction, line):
    assert headline(raw(text), direction) == line
    assert headline(text, direction) == line, "SOH may already be shown as a bar"


def test_names_stand_beside_tags_and_secrets_do_not():
    fields = describe(raw("35=A|34=1|554=s3cret|98=0|5001=x|39=1|"), NAMES)

    assert [(one.tag, one.name, one.meaning or one.value) for one in fields] == [
        (35, "MsgType", "Logon"),
        (34, "MsgSeqNum", "1"),
        (554, "Password", "***"),
        (98, "EncryptMethod", "NONE"),
        (5001, "", "x"),
        (39, "OrdStatus", "PARTIALLY_FILLED"),
    ]
