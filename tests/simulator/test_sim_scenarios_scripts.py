"""Scripts as users write them: good ones play, bad ones are refused where they are bad."""

import pytest

from simulator.scenarios.library import SHIPPED, read_library
from simulator.scenarios.player import ScenarioFloor
from simulator.scenarios.reading import ScriptError, read_script
from tests.simulator.floor_wire import FloorWire

GOOD = """\
id = "MY.1"
names = ["late"]
title = "The venue is slow, then busts what it said"

steps = [
  {t = 1, client = "NewOrderSingle", ClOrdID = "X", OrderQty = 300},
  {t = 2, venue = "New", ClOrdID = "X", after = 4},  # Four paces late.
  {t = 3, venue = "Trade", ClOrdID = "X", LastQty = 100, LastPx = 10.5, ExecID = "A"},
  {t = 4, venue = "TradeCancel", ClOrdID = "X", ExecRefID = "A"},
]
"""


def written(folder, text, name="my.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_own_script_plays_beside_the_shipped_ones(tmp_path):
    written(tmp_path, GOOD)
    library = read_library(tmp_path)
    wire = FloorWire(ScenarioFloor("XSIM", library))

    wire.send({35: "D", 11: "A", 55: "LATE.TEST", 54: "1", 40: "1", 38: "600"})
    said = [wire.receive() for _ in range(3)]

    assert [(one[150], one[39], one[14]) for one in said] == [
        ("0", "0", "0"),
        ("F", "1", "200"),
        ("H", "0", "0"),
    ]
    assert (said[1][31], said[2][19]) == ("10.5", said[1][17])
    assert said[2][58] == "MY.1 certified: every message was as the script says"


def test_steps_may_be_tables_of_their_own(tmp_path):
    text = 'id = "T"\ntitle = "t"\n[[steps]]\nt = 1\nclient = "NewOrderSingle"\nClOrdID = "X"\n'
    text += 'OrderQty = 10\n[[steps]]\nt = 2\nvenue = "Nwe"\n'

    with pytest.raises(ScriptError, match=r"my.toml:8: venue is 'Nwe'.*did you mean New\?"):
        read_script(written(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ('venue = "Trade"', 'venue = "Trades"', 8, "venue is 'Trades'.*did you mean Trade"),
        ("LastPx", "LastPrice", 8, "LastPrice: what the venue says has no such field"),
        ("LastPx", "LastPxx", 8, "did you mean LastPx"),
        ("LastQty = 100, ", "", 8, "LastQty is missing"),
        ("LastQty = 100", 'LastQty = "100"', 8, "LastQty is '100'; write a whole number"),
        ("LastQty = 100", "LastQty = 400", 8, "LastQty is 400, but less that is open follows"),
        ("LastPx = 10.5", "LeavesQty = 5", 8, "LeavesQty is 5, but 200 follows"),
        ("LastPx = 10.5", 'OrdStatus = "Filled"', 8, "OrdStatus is Filled"),
        ('ExecRefID = "A"', 'ExecRefID = "B"', 9, "ExecRefID is B, but no standing execution"),
        ('ClOrdID = "X", after', 'ClOrdID = "Z", after', 7, "ClOrdID is Z, but X follows"),
        ("after = 4", "crosses = true, after = 4", None, None),
        ("after = 4", "after = -4", 7, "after is -4; write a number from 0"),
        ("after = 4", "odd = 1", 7, "odd is 1; write true or false"),
        ("{t = 3", "{t = 1", 8, "t is 1; write steps in the order of time"),
        ("{t = 3, venue", "{t = 3, vnue", 8, "step is .*did you mean venue"),
        ('"NewOrderSingle"', '"NewOrder"', 6, "did you mean NewOrderSingle"),
        ("OrderQty = 300", 'OrderQty = 300, TimeInForce = "Tomorrow"', 6, "one of CLS, Day"),
        ("names", "name", 2, "name: a script has no such field; did you mean names"),
        ('id = "MY.1"', 'id = "my 1"', 1, "id is 'my 1'; write letters"),
        ('title = "The venue', 'titel = "The venue', 3, "did you mean title"),
        ('names = ["late"]', 'names = ["D13"]', None, "the name D13 is taken"),
        ('names = ["late"]', 'time_in_force = "GTX"', 2, "did you mean GT"),
        ("steps = [", "steps = [[", None, "is not TOML"),
    ],
)
def test_a_bad_script_is_refused_by_file_and_line(tmp_path, old, new, line, why):
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))

    if why is None:
        read_library(tmp_path)
        return
    place = f":{line}: " if line else ""
    with pytest.raises(ScriptError, match=f"(?s){path.name}{place}.*?{why}"):
        read_library(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ScriptError, match=r"there is no script"):
        read_library(tmp_path)


def test_the_shipped_scripts_state_only_what_does_not_follow():
    """A contradiction of the standard's own is marked odd, and there are seven of them."""
    odd = [
        (script.id, step.t)
        for path in sorted(SHIPPED.glob("*.toml"))
        for script in read_script(path)[:1]
        for step in script.steps
        if getattr(step, "odd", False)
    ]

    assert odd == [
        ("B.1.d", 4),
        ("D.2.b", 7),
        ("E.1.a", 2),
        ("EX.I.1.b", 6),
        ("J.1.b/4.2", 7),
        ("J.1.b/4.2", 8),
    ]
