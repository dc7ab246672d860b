"""docs/scenarios.md, made by playing: `python -m tests.simulator.scenario_table` writes it anew.

Each row is a play of the standard's own client against the script of that id, and of our order
state machine against the same matrix; nothing in the table is claimed by hand.
"""

import sys
from pathlib import Path

from simulator.scenarios.library import Library, read_library
from simulator.scenarios.player import ScenarioFloor
from simulator.scenarios.script import ClientStep, Script
from simulator.scenarios.words import CANCEL, NEW_ORDER, REPLACE
from tests.order_states import test_matrices as oms
from tests.simulator.floor_wire import FloorWire
from tests.simulator.standard_client import MATRICES, StandardClient, paths

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"
HEAD = """\
# Order state changes, by id

The FIX Trading Community's order state change matrices, which every broker expects a client to
handle. An order in symbol `D13.TEST` plays scenario D13; `D.1.a.TEST` is the same one by its
newer name, and `D.1.a/rejected.TEST` its variant where the order is rejected. Names may be written
in capitals or not. `python -m simulator --sample --scenario D13` makes every order of the venue
play it. [venues.md](venues.md) says how to connect, and how to write a scenario of your own.

How to read a row: the client sends what stands under *the client sends*, with ClOrdIDs of its own
for X, Y, Z, and any quantity that keeps the figures whole (the row's figures are for an order of
10,000). **At once** means without waiting for the answer to the message before. A variant that
rejects the order ends there: what the row lists behind it is not wanted any more. Each play ends
with a verdict in Text (58) of its last message: `D.1.a certified: every message was as the standard
says`.

*Venue* is the venue's side: the standard's client, played against the script and its variants, got
every message and figure that the matrix prints. *OMS* is the same for Trimtab's own order state
machine on the buy side: ✔ it follows the matrix; what is outside it is named under the tables.

This page is made by `python -m tests.simulator.scenario_table`; a test fails when it is out of
date.
"""
FAMILIES = {
    "A": "Fills",
    "B": "Cancels",
    "C": "Replaces",
    "D": "Replaces in a row",
    "E": "What the venue does by itself",
    "F": "Duplicates and resends",
    "G": "Status requests",
    "H": "Orders that stay for days",
    "I": "Immediate or not at all",
    "J": "Busts and corrections",
    "K": "Trading halts",
    "L": "Guarantees and cash orders",
    "EX": "As exchanges do it (FIX 5.0 SP2, volume 7)",
}
COLUMNS = "| id | in 4.2 | what happens | the client sends | variants | venue | OMS |\n"


def page() -> str:
    """The whole page."""
    library = read_library()
    matrices = {scenario["id"]: scenario for scenario in MATRICES}
    parts = [HEAD]
    for family, title in FAMILIES.items():
        parts.append(f"\n## {title}\n\n{COLUMNS}| --- | --- | --- | --- | --- | --- | --- |\n")
        parts += [
            row(library, script, matrices[script.id])
            for script in library.scripts
            if script.id.split(".")[0] == family and not script.variant_of
        ]
    return "".join((*parts, outside(), notes(library)))


def row(library: Library, script: Script, matrix: dict) -> str:
    """One scenario: asked for, played, and judged."""
    variants = [one for one in library.scripts if one.variant_of == script.id]
    cells = (
        f"`{script.id}`",
        " ".join(script.names),
        script.title,
        client_sends(script),
        " ".join(f"`/{one.id.rsplit('/', 1)[1]}`" for one in variants),
        venue_result(library, script, variants, matrix),
        oms_result(matrix),
    )
    return f"| {' | '.join(cells)} |\n"


def client_sends(script: Script) -> str:
    """What a client developer has to do."""
    words = [sentence(script, step) for step in script.sends()]
    return "; ".join(words) or "any order in this symbol stands for the telephone call"


def sentence(script: Script, step: ClientStep) -> str:
    """One message, briefly."""
    name, origin = step.text("ClOrdID"), step.text("OrigClOrdID")
    quantity = step.text("OrderQty")
    if step.message == NEW_ORDER:
        terms = [
            script.time_in_force if script.time_in_force != "Day" else "",
            f"ExecInst {step.text('ExecInst')}" if step.text("ExecInst") else "",
            f"({' or '.join(kinds)})" if (kinds := order_types(step)) else "",
            "PossResend=Y" if step.stated.get("PossResend") else "",
        ]
        amount = quantity or f"{step.text('CashOrderQty')} EUR (CashOrderQty)"
        said = " ".join(["order", name, "for", amount, *(one for one in terms if one)])
    elif step.message == CANCEL:
        said = f"cancel {name} of {origin}"
    elif step.message == REPLACE:
        said = f"replace {name} of {origin} to {quantity}"
    else:
        said = f"status of {name}"
    return f"{said} **at once**" if step.at_once else said


def order_types(step: ClientStep) -> tuple[str, ...]:
    """The OrdTypes that it may have, when not any."""
    kinds = step.stated.get("OrdType", ())
    return (kinds,) if isinstance(kinds, str) else kinds


def venue_result(library: Library, script: Script, variants: list[Script], matrix: dict) -> str:
    """Every path of the matrix, played."""
    played = 0
    for one, (_, steps) in zip([script, *variants], paths(matrix), strict=True):
        wire = FloorWire(ScenarioFloor("XSIM", library))
        try:
            StandardClient(wire, matrix, f"{one.id}.TEST", "C").play(steps)
        except AssertionError as error:
            return f"✘ {error}"
        played += 1
    return f"✔ {played} of {played}" if played > 1 else "✔"


def oms_result(matrix: dict) -> str:
    """Our own order state machine against the same matrix."""
    if matrix["id"] in oms.OUTSIDE:
        return "outside"
    try:
        oms.test_the_order_follows_the_matrix(matrix)
    except AssertionError as error:
        return f"✘ {error}"
    return "✔"


def outside() -> str:
    """What the OMS does not play, and why."""
    lines = [f"- `{name}`: {why}\n" for name, why in oms.OUTSIDE.items()]
    return "".join(("\n## Outside our OMS\n\n", *lines))


def notes(library: Library) -> str:
    """Where the standard disagrees with itself, or with its other versions."""
    lines = [
        f"- `{script.id}`: {note}\n"
        for script in library.scripts
        if not script.variant_of
        for note in script.notes
    ]
    return "".join(("\n## Where the standard surprises\n\n", *lines))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
