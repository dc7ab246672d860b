"""Plays and scripts as JSON, for people and programs that look in."""

from simulator.scenarios.expecting import demand
from simulator.scenarios.library import Library
from simulator.scenarios.play import Play
from simulator.scenarios.plays import Plays
from simulator.scenarios.script import ClientStep, Event, Script, Step


def play_shown(play: Play, *, whole: bool = False) -> dict[str, object]:
    """Where a play stands; with everything that was said when `whole`."""
    shown: dict[str, object] = {
        "play": play.number,
        "scenario": play.script.id,
        "client": play.cast.client,
        "symbol": play.cast.symbol,
        "cl_ord_ids": list(play.cast.ids.values()),
        "began": play.began.isoformat(timespec="milliseconds"),
        "stands": play.stands,
        "verdict": play.verdict or None,
        "not_foreseen": list(play.deviations),
    }
    if whole:
        shown["said"] = list(play.evidence)
    return shown


def overview(always: Script | None, library: Library, plays: Plays) -> dict[str, object]:
    """Every play that is remembered, and how many went well."""
    over = [play for play in plays.ended if not play.abandoned]
    wrong = sum(bool(play.deviations) for play in over)
    return {
        "always": always.id if always else None,
        "script_count": len(library.scripts),
        "certified": len(over) - wrong,
        "not_certified": wrong,
        "plays": [play_shown(play) for play in plays],
    }


def script_shown(script: Script, *, whole: bool = False) -> dict[str, object]:
    """What a script asks of a client; with every step when `whole`."""
    shown: dict[str, object] = {
        "scenario": script.id,
        "names": list(script.names),
        "title": script.title,
        "client_sends": [demand(step) for step in script.sends()],
    }
    if whole:
        shown["quantity_multiple"] = script.multiple
        shown["steps"] = [_step_shown(step) for step in script.steps]
        shown["notes"] = list(script.notes)
    return shown


def _step_shown(step: Step) -> str:
    day = f"day {step.day} " if step.day > 1 else ""
    if isinstance(step, ClientStep):
        return f"{day}t{step.t} client: {demand(step)}"
    if isinstance(step, Event):
        return f"{day}t{step.t} {step.happens}"
    figures = ", ".join(f"{name} {value}" for name, value in step.stated.items())
    return f"{day}t{step.t} venue: {step.says} {figures}".rstrip()
