"""The demo from start to end, as one readable story."""

import json
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from console.client import ApiClient
from console.demo.folder import DemoFolder, prepare
from console.demo.processes import Process, Venues, start_service, start_venues
from console.demo.progress import Progress, Step
from console.demo.report import Outcomes, as_object, as_words, promises
from console.doors import changer
from console.opening import open_reading
from console.service_port import IngestLine, OverrideRequest, RunDetail
from console.wrapping import columns_of
from domain.compliance import Force
from domain.errors import BadInputError, ExitCode, InvariantError, TryAgainError
from domain.exact import ZERO
from domain.orders import Order, Side
from domain.postings import Break
from domain.runs import Run, RunStatus
from oms.routing import DEFAULT
from oms.wording import counted, dollars

OFFICER = "Olga Officer (demo)"
CLERK = "Karl Clerk (demo)"
POLL_SECONDS = 0.15
PATIENCE_SECONDS = 240.0  # No step of the demo takes longer, on any machine.


def run_demo(directory: Path | None, *, as_json: bool) -> int:
    """Run the whole loop; exit code 0 only when every promise was kept.

    With `directory` everything is put there and kept; otherwise it is removed,
    unless the demo failed: then its logs are what one wants to read.
    """
    progress = Progress(sys.stderr)
    with _place(directory) as place:
        found = _story(place, progress)
        if as_json:
            sys.stdout.write(json.dumps(as_object(found), indent=2) + "\n")
        else:
            sys.stdout.write(_summary(directory, found, columns_of(sys.stdout)))
    return ExitCode.OK if all(p.holds for p in promises(found)) else ExitCode.CHECK_FAILED


@contextmanager
def _place(directory: Path | None) -> Iterator[Path]:
    if directory is None:
        temporary = Path(tempfile.mkdtemp(prefix="trimtab-demo-"))
        try:
            yield temporary
        except (KeyboardInterrupt, SystemExit):
            shutil.rmtree(temporary)
            raise
        shutil.rmtree(temporary)
        return
    if directory.is_dir() and any(directory.iterdir()):
        raise BadInputError(f"{directory} is not empty; name a new folder for the demo")
    yield directory


def _story(place: Path, progress: Progress) -> Outcomes:
    with ExitStack() as stack:
        with progress.step("database") as step:
            folder = prepare(place)
            step.done(f"created in {place}, schema by migration")
        with progress.step("ingest") as step:
            refused = _ingest(folder, step)
        with progress.step("venues") as step:
            venues = start_venues(folder.venues_file, place / "log" / "venues.stderr")
            stack.enter_context(venues.process)
            doors = ", ".join(f"{name} on port {port}" for name, port in venues.ports.items())
            step.done(f"{doors}, FIX 4.4, process {venues.process.pid}")
        with progress.step("service") as step:
            service, client = start_service(folder.config, place / "log" / "service.stderr")
            stack.enter_context(service)
            step.done(f"process {service.pid}, {_logged_on(client)}")
        run = _watch(client, progress)
        breaks = _witnesses(client, venues, progress)
        with progress.step("stop") as step:
            client.stop(CLERK)
            _require_clean_exit(service)
            venues.process.stop()
            step.done("service and venues have stopped")
        with progress.step("verify") as step:
            found = _verify(folder, run, breaks, refused, progress)
            step.done("books, audit trail and explanations read back from the database")
    return found


def _ingest(folder: DemoFolder, step: Step) -> dict[str, int]:
    with changer(folder.config) as service:
        lines = service.ingest(folder.files, CLERK, replace=False)
    refused = [line for line in lines if line.problems]
    rows = sum(line.rows for line in lines)
    step.done(f"{len(lines) - len(refused)} of {len(lines)} files, {rows:,} rows")
    for line in refused:
        step.detail(_refusal_words(line))
    return {line.file: len(line.problems) for line in refused}


def _refusal_words(line: IngestLine) -> str:
    first = line.problems[0]
    bad = counted(len(line.problems), "bad line")
    return (
        f"{line.file} refused whole, {bad}; the first: line {first.line}, "
        f"{first.field} {first.value!r} {first.message}"
    )


def _logged_on(client: ApiClient) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all(session.gate_open for session in client.sessions()):
        if time.monotonic() > deadline:
            raise TryAgainError("the FIX sessions did not log on; see the log")
        time.sleep(POLL_SECONDS)
    return f"{counted(len(client.sessions()), 'FIX session')} logged on"


def _watch(client: ApiClient, progress: Progress) -> Run:
    """From the trigger to the end of the run, with the second person's decision in between."""
    with progress.step("trigger") as step:
        run = _first_run(client, step)
        step.done(f"{run.trigger} fired for {run.due:%Y-%m-%d %H:%M} UTC: run {run.run_id.hex}")
    with progress.step("optimise") as step:
        detail = _until(client, step, RunStatus.AWAITING_APPROVAL, "snapshot, optimise, check")
        step.done("snapshot taken, trades found and checked")
    if detail.run.status is RunStatus.AWAITING_APPROVAL:
        with progress.step("approve") as step:
            _approve(client, detail, step)
    with progress.step("release") as step:
        detail = _until(client, step, RunStatus.DONE, "orders at the venues")
        step.done(_release_words(detail))
    return detail.run


def _first_run(client: ApiClient, step: Step) -> Run:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (runs := client.runs(1)):
        step.now(f"waiting; by the service's clock it is {client.health().now:%H:%M:%S} UTC")
        if time.monotonic() > deadline:
            raise InvariantError("the trigger was due and did not fire; see the log")
        time.sleep(POLL_SECONDS)
    return runs[0]


def _until(client: ApiClient, step: Step, awaited: RunStatus, what: str) -> RunDetail:
    """Wait until the run stands where it is awaited, or at its end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        detail = client.run("last")
        if detail.run.status in (awaited, RunStatus.DONE):
            return detail
        if detail.run.status in (RunStatus.FAILED, RunStatus.REJECTED):
            raise InvariantError(f"the run {detail.run.status.value}: {detail.run.error}")
        step.now(_release_words(detail) if detail.orders else what)
        if time.monotonic() > deadline:
            raise InvariantError(f"the run did not get to {awaited.value}; see the log")
        time.sleep(POLL_SECONDS)


def _approve(client: ApiClient, detail: RunDetail, step: Step) -> None:
    """The second person looks, lets the first overridable breach pass, and approves."""
    assert detail.approval is not None
    overridable = [r for r in detail.not_passed if r.force is Force.OVERRIDABLE]
    overrides = [
        OverrideRequest(
            rule_id=result.rule_id,
            account_id=result.subject,
            why="demo: the client was told and agreed in writing",
        )
        for result in overridable[:1]
    ]
    client.approve(detail.run.run_id.hex, OFFICER, "demo: reviewed the basket", overrides)
    step.done(f"by {OFFICER}, because {detail.approval.why}")
    for override in overrides:
        step.detail(f"overrides {override.rule_id} for {override.account_id}: {override.why}")


def _release_words(detail: RunDetail) -> str:
    words = []
    for side in Side:
        orders = [order for order in detail.orders if order.side == side.name.lower()]
        if orders:
            filled = sum(order.status == "filled" for order in orders)
            worth = dollars(sum((order.gross for order in orders), ZERO))
            words.append(f"{filled} of {len(orders)} {side.name.lower()}s filled, {worth}")
    return "; ".join(reversed(words))


def _witnesses(client: ApiClient, venues: Venues, progress: Progress) -> tuple[Break, ...]:
    """The venues write what they did from their own records; the ledger must agree to the cent."""
    found: list[Break] = []
    with progress.step("reconcile") as step:
        for venue in venues.ports:
            found += client.reconcile(venues.end_of_day(venue))
        files = " and ".join(venues.ports)
        step.done(f"end-of-day files of {files} against the ledger: {counted(len(found), 'break')}")
    return tuple(found)


def _require_clean_exit(service: Process) -> None:
    code = service.wait()
    if code != ExitCode.OK:
        raise InvariantError(f"the service ended with code {code}; see its log")


def _verify(
    folder: DemoFolder,
    run: Run,
    breaks: tuple[Break, ...],
    refused: dict[str, int],
    progress: Progress,
) -> Outcomes:
    with open_reading(folder.config) as service:
        stored = service.stored(run.run_id.hex)
        return Outcomes(
            stored=stored,
            business_date=folder.business_date,
            refused=refused,
            breaks=(*stored.breaks, *breaks),
            books=service.books_verify(),
            audit=service.audit_verify(),
            unexplained=stored.unexplained(),
            seconds=progress.seconds,
        )


def _summary(directory: Path | None, found: Outcomes, width: int) -> str:
    lines = ("", *as_words(found, width), "", *_next_words(directory, found))
    return "".join(f"{line}\n" for line in lines)


def _routed(orders: Sequence[Order]) -> str:
    """The ClOrdID of an order that a routing rule sent, if there is one."""
    by_rules = [o for o in orders if o.intent.routed and o.intent.routed.rule != DEFAULT]
    found = (*by_rules, *orders)
    return found[0].intent.cl_ord_id if found else "ORDER"


def _next_words(directory: Path | None, found: Outcomes) -> Iterator[str]:
    if directory is None:
        yield "Look around afterwards: ./trimtab demo --dir DIR keeps everything in DIR."
        return
    config = shlex.quote(str(directory / "trimtab.toml"))
    order = _routed(found.stored.orders)
    yield "Look around:"
    commands = (f"explain {order}", f"order {order}", "trace last", "orders", "tail --fix")
    for command in (*commands, "audit verify"):
        yield f"  ./trimtab --config {config} {command}"
