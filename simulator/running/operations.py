"""What operators may ask; run by the venues' own loop, inside a turn.

GET  /venues                            names, ports, clients, symbols, halts, phases
GET  /venues/V/orders                   every order; and whatever else the floor shows
GET  /venues/V/books/SYMBOL             both sides of a book
POST /venues/V/NAME {...}               halt, resume, bust, ...: whatever the floor does
POST /venues/V/end-of-day               end the day, write the end-of-day file
GET  /sessions                          each with its state and sequence numbers
POST /venues/V/sessions/CLIENT/FAULT    a fault of `simulator.running.faults`, now
GET  /faults                            what the faults file has done so far
GET  /clock                             now
POST /clock/step {"seconds": 60}        or {"to": "2022-11-30T21:00:00Z"}, or {"next": true}
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from simulator.fix.session import Session
from simulator.running.clock import Clock, SteppedClock
from simulator.running.config import Config
from simulator.running.control import Answer, Wanted, problem
from simulator.running.executions import Executions
from simulator.running.faults import LASTING_FAULTS, SESSION_FAULTS, Act, Do
from simulator.running.house import House, Operate
from simulator.values.floor import Refused

_LONGEST_STEP = timedelta(days=366)

Result = dict[str, object] | Refused | None
Finish = Callable[[Result, datetime], Answer]


class Prepared(NamedTuple):
    """A request that was understood: what the house is asked, and how its answer is told."""

    finish: Finish
    ask: Operate | None = None
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """What operations see of the program."""

    config: Config
    house: House
    clock: Clock
    ports: Mapping[str, int]
    sessions: Mapping[tuple[str, str], Session]
    executions: Mapping[str, Executions]


def prepare(inside: Inside, wanted: Wanted) -> Prepared:
    """Understand a request. A step of the clock is done at once, before the turn has a time."""
    method, path, _ = wanted
    if path[:1] == ("clock",):
        return _clock(inside, wanted)
    overview = _OVERVIEWS.get(path) if method == "GET" else None
    if overview is not None:
        return Prepared(lambda _, now: Answer(HTTPStatus.OK, overview(inside, now)))
    if len(path) < 3 or path[0] != "venues":
        return _refused(HTTPStatus.NOT_FOUND, "no such path; try GET /venues")
    if path[1] not in inside.house.floors:
        known = ", ".join(inside.house.floors)
        return _refused(HTTPStatus.NOT_FOUND, f"no venue {path[1]!r:.60}; there are {known}")
    if method == "GET":
        return Prepared(lambda *_: _view(inside, path[1], path[2:]))
    return (_session_fault if path[2] == "sessions" else _operation)(inside, wanted)


def _operation(inside: Inside, wanted: Wanted) -> Prepared:
    _, path, body = wanted
    venue = path[1]
    if len(path) != 3:
        return _refused(HTTPStatus.NOT_FOUND, f"no such path; try POST /venues/{venue}/halt")
    ask = Operate(venue, path[2], body)
    if path[2] == "end-of-day":
        return Prepared(lambda result, now: _end_of_day(inside, venue, result, now), ask)
    return Prepared(lambda result, _: _told(venue, result), ask)


def _refused(status: HTTPStatus, text: str) -> Prepared:
    return Prepared(lambda *_: problem(status, text))


def _told(venue: str, result: Result) -> Answer:
    if isinstance(result, Refused):
        return problem(HTTPStatus.BAD_REQUEST, str(result))
    return Answer(HTTPStatus.OK, {"venue": venue, **(result or {})})


def _view(inside: Inside, venue: str, path: tuple[str, ...]) -> Answer:
    try:
        view = inside.house.floors[venue].view(path)
    except Refused as refused:
        return problem(HTTPStatus.NOT_FOUND, str(refused))
    return Answer(HTTPStatus.OK, {"venue": venue, **view})


def _end_of_day(inside: Inside, venue: str, result: Result, now: datetime) -> Answer:
    told = _told(venue, result)
    if told.status is not HTTPStatus.OK:
        return told
    zone = next(one.rules.time_zone for one in inside.config.venues if one.name == venue)
    day = now.astimezone(zone).date()
    path = inside.executions[venue].write_end_of_day(f"{day:%Y%m%d}")
    more: dict[str, object] = {"trade_date": day.isoformat(), "path": str(path.resolve())}
    return Answer(HTTPStatus.OK, {**told.body, **more})


def _venues(inside: Inside, now: datetime) -> dict[str, object]:
    views: dict[str, object] = {}
    for venue in inside.config.venues:
        view: dict[str, object] = {
            "host": inside.config.address,
            "port": inside.ports.get(venue.name, venue.port),
            "kind": venue.kind.value,
            "clients": list(venue.clients),
        }
        with contextlib.suppress(Refused):
            view |= inside.house.floors[venue.name].view(("phase",))
        views[venue.name] = view
    return {"venues": views, "now": now.isoformat()}


def _sessions(inside: Inside, _: datetime) -> dict[str, object]:
    sessions = [
        {
            "venue": venue,
            "client": client,
            "begin_string": session.profile.version.begin_string,
            "logged_on": session.online,
            "next_in": session.store.next_in,
            "next_out": session.store.next_out,
        }
        for (venue, client), session in inside.sessions.items()
    ]
    return {"sessions": sessions}


def _faults(inside: Inside, _: datetime) -> dict[str, object]:
    return {"faults": {name: player.states() for name, player in inside.house.faults.items()}}


_OVERVIEWS: Mapping[tuple[str, ...], Callable[[Inside, datetime], dict[str, object]]] = {
    ("venues",): _venues,
    ("sessions",): _sessions,
    ("faults",): _faults,
}


def _session_fault(inside: Inside, wanted: Wanted) -> Prepared:
    _, path, body = wanted
    possible = {do.value: do for do in Do if do in SESSION_FAULTS}
    if len(path) != 5 or path[4] not in possible:
        return _refused(
            HTTPStatus.NOT_FOUND,
            f"no such fault of a session at {path[1]}; there are {', '.join(possible)}",
        )
    if (path[1], path[3]) not in inside.sessions:
        return _refused(HTTPStatus.NOT_FOUND, f"{path[1]} has no client {path[3]!r:.60}")
    seconds = body.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e6:
        return _refused(HTTPStatus.BAD_REQUEST, "seconds must be a number from 0 to 1000000")
    if possible[path[4]] in LASTING_FAULTS and not seconds:
        return _refused(HTTPStatus.BAD_REQUEST, f'{path[4]} lasts: write {{"seconds": 5}}')
    act = Act(path[1], path[3], possible[path[4]], float(seconds))
    done: dict[str, object] = {"venue": path[1], "client": path[3], "fault": path[4]}
    return Prepared(lambda *_: Answer(HTTPStatus.OK, done), act=act)


def _clock(inside: Inside, wanted: Wanted) -> Prepared:
    clock = inside.clock
    if wanted.method == "GET" and wanted.path == ("clock",):
        return Prepared(_say_now)
    if wanted.path != ("clock", "step") or wanted.method != "POST":
        return _refused(
            HTTPStatus.NOT_FOUND, "no such path; there are GET /clock, POST /clock/step"
        )
    if not isinstance(clock, SteppedClock):
        return _refused(
            HTTPStatus.CONFLICT, "the clock runs by itself; set stepped = true in [clock]"
        )
    try:
        target = _target(wanted.body, clock.now(), inside.house.next_due())
    except (ValueError, OverflowError) as error:
        return _refused(HTTPStatus.BAD_REQUEST, str(error))
    clock.step_to(target)
    return Prepared(_say_now)


def _say_now(_: Result, now: datetime) -> Answer:
    return Answer(HTTPStatus.OK, {"now": now.isoformat()})


def _target(body: dict[str, object], now: datetime, due: datetime | None) -> datetime:
    """Where a step goes. Raises ValueError."""
    want = 'write {"seconds": 60}, {"to": "2022-11-30T21:00:00Z"} or {"next": true}'
    if set(body) == {"next"} and body["next"] is True:
        return due or now
    if set(body) == {"seconds"}:
        seconds = body["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError(want)
        target = now + timedelta(seconds=seconds)
    elif set(body) == {"to"}:
        target = datetime.fromisoformat(str(body["to"]))
        if target.tzinfo is None:
            raise ValueError(f"{body['to']} has no offset; add Z for UTC")
    else:
        raise ValueError(want)
    if not now <= target <= now + _LONGEST_STEP:
        raise ValueError(f"the clock shows {now.isoformat()} and goes on by a year at most")
    return target
