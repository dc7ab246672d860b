"""Hostile clients by seed: valid messages of every kind, bent in every way that a wire allows.

    python -m tests.simulator.sim_fix_fuzz PORT ATTACKS

tries a running venue XSIM with sessions CLIENT1 (honest) and CLIENT2 (hostile) so often.
"""

import contextlib
import socket
import sys
import time
from random import Random

from simulator.fix.codec import encode, joined
from tests.simulator.sim_fix_peers import Client, order_fields

AT = (60, "20221130-14:30:00")
BASIC = ((55, "AAPL"), (54, 1))
HONEST = {
    "D": (*order_fields("A"), (18, "M"), (110, 5), (111, 5), (99, 9), (126, "20991130-14:30:00")),
    "F": ((11, "B"), (41, "A"), *BASIC, AT, (38, 100)),
    "G": ((11, "C"), (41, "A"), *BASIC, AT, (38, 100), (40, 2), (44, 10)),
    "H": ((11, "A"), *BASIC),
    "AF": ((584, "R"), (585, 7)),
    "q": ((11, "Q"), (530, 7), AT),
    "V": ((262, "V"), (263, 1), (264, 0), (267, 2), (269, 0), (269, 1), (146, 1), (55, "AAPL")),
    "x": ((320, "X"), (559, 4)),
    "e": ((324, "E"), (55, "AAPL"), (263, 1)),
    "g": ((335, "G"), (263, 1)),
    "J": (
        (70, "J"), (71, 0), (626, 1), (857, 1), (73, 1), (11, "A"), (54, 1), (55, "AAPL"),
        (53, 100), (6, 10), (75, "20221130"), (78, 1), (79, "X"), (80, 100),
    ),
    "AT": ((755, "T"), (70, "J"), AT, (87, 0)),
    "0": (),
    "1": ((112, "T"),),
    "2": ((7, 1), (16, 0)),
    "3": ((45, 1), (58, "no")),
    "4": ((123, "Y"), (36, 9)),
    "B": ((148, "news"), (33, 1), (58, "line")),
}  # fmt: skip
VALUES = (
    "", "0", "-1", "-0", "1e400", "NaN", "1,5", "9" * 18, "9" * 400, "0.00000000000000001", "\x00",
    "\r\n", "'; DROP TABLE orders; --", "=cmd()", "ÿþ", "A" * 3000, " ", "Y", "N", "1", "2", "7",
    "20220230", "20221130-25:00:00", "AAPL", "99999999-99:99:99", "²", "1 2 3 G", "{}", "%s%n",
    "3", "4", "P", "M", "R", "G", "MSFT", "D13.TEST", "A.1.a.TEST", "148.03", "100", "20991130",
)  # fmt: skip
TAGS = (
    1, 6, 7, 11, 14, 15, 16, 18, 22, 34, 36, 37, 38, 40, 41, 43, 44, 48, 52, 54, 55, 58, 59, 60, 78,
    79, 80, 95, 96, 97, 99, 108, 110, 111, 122, 123, 126, 141, 146, 152, 211, 263, 264, 267, 269,
    354, 355, 432, 453, 530, 585, 789, 847, 957, 4999, 5001, 999999,
)  # fmt: skip


def bent(draw: Random, fields: list[tuple[object, object]]) -> list[tuple[object, object]]:
    """One change, or a few."""
    for _ in range(draw.choice((0, 1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(fields) + 1)
        tag, value = draw.choice(TAGS), draw.choice(VALUES)
        change = draw.choice((0, 1, 2, 2, 2, 2, 2, 2, 3, 4, 5))
        if change == 0 or not fields:
            fields.insert(at, (tag, value))
        elif change == 1:
            del fields[at % len(fields)]
        elif change == 2:
            fields[at % len(fields)] = (fields[at % len(fields)][0], value)
        elif change == 3:
            fields[at % len(fields)] = (tag, fields[at % len(fields)][1])
        elif change == 4:
            fields.insert(at, fields[at % len(fields)])
        else:
            draw.shuffle(fields)
    return fields


def hostile(draw: Random, client: Client) -> bytes:
    """One message; its header is mostly right, so that it gets far."""
    kind = draw.choice(list(HONEST))
    header: list[tuple[object, object]] = [
        (34, client.number), (49, client.name), (52, client.stamp()), (56, client.venue),
    ]  # fmt: skip
    body = bent(draw, list(HONEST[kind]))
    if draw.random() < 0.05:
        header = bent(draw, header)
    client.number += 1
    text = joined([("35", kind), *((str(tag), str(value)) for tag, value in (*header, *body))])
    raw = encode("FIX.4.4", text)
    if draw.random() < 0.03:
        at = draw.randrange(len(raw))
        raw = raw[:at] + bytes([draw.randrange(256)]) + raw[at + 1 :]
    if draw.random() < 0.02:
        raw = raw[: draw.randrange(len(raw))]
    return raw


def attack(draw: Random, port: int) -> None:
    """One connection as CLIENT2, from a logon (mostly) to whatever end."""
    client = Client(port, "CLIENT2")
    with contextlib.suppress(OSError):
        if draw.random() < 0.9:
            client.send("A", (98, 0), (108, 30), (141, "Y"))
            client.read_or_end()
        for _ in range(draw.randrange(1, 60)):
            client.socket.sendall(hostile(draw, client))
        client.socket.settimeout(0.01)
        while client.socket.recv(1 << 16):
            pass
    if draw.random() < 0.3:
        with contextlib.suppress(OSError):
            client.socket.shutdown(socket.SHUT_WR)
    client.close()


def fuzz(port: int, seed: int, attacks: int, honest: Client) -> None:
    """Attack so often, and trade honestly in between."""
    draw = Random(seed)
    for number in range(attacks):
        attack(draw, port)
        mark = f"H{seed}-{number}"
        honest.order(mark)
        while (report := honest.read()).get(11) != mark.encode():
            if report.get(35) == b"1":
                honest.send("0", (112, report.get(112).decode()))


if __name__ == "__main__":
    witness = Client(int(sys.argv[1]), "CLIENT1")
    witness.log_on((141, "Y"))
    fuzz(int(sys.argv[1]), int(time.time()), int(sys.argv[2]), witness)
