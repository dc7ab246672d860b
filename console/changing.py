"""Wishes, carried out on the vault: by the service, or by a command that holds the lease.

Without a service nothing goes out: a trigger or an approval is stored, and the
run goes on when the service starts.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Protocol
from uuid import UUID

from console.book_wishes import BookWishes
from console.order_wishes import OrderWishes
from console.raise_wishes import RaiseWishes
from console.rule_wishes import RuleWishes, UseRules
from console.service_port import IngestLine, IngestProblem, OverrideRequest
from console.views import find_run, unknown_case
from domain.cases import Case, close
from domain.errors import BadInputError, MissingError, UnknownNameError
from domain.kills import Scope
from domain.ports import Clock, Vault
from domain.postings import Break
from domain.runs import Approval, Kill, Run, Urgency
from ledger import reconcile, reconcile_positions
from ledger.positions import balances, lots
from oms.basket import Override
from oms.by_hand.order import HandOrder
from oms.by_hand.refusals import House
from oms.halt import Setting, halt
from oms.restricted import take_back
from oms.route_terms import TradingDay
from oms.second_person import is_same_person
from oms.take_over import take_over
from oms.wash_openings import Said
from oms.wire_risk import RiskLimits
from scheduler import decisions
from scheduler.by_hand import enter
from scheduler.cases import record
from vault.ingest import Fate, IngestReport
from vault.ingest.report import Problem
from vault.intake import Intake
from vault.unit_of_work import SqlUnitOfWork

RECENT_RUNS = 1000


class Writer(Vault, Protocol):
    """The vault as intake needs it: its units of work carry the connection."""

    def write(self, *, takes_along: bool = False) -> AbstractContextManager[SqlUnitOfWork]: ...
    def read(self) -> AbstractContextManager[SqlUnitOfWork]: ...


class Triggers(Protocol):
    """Where a run is started by hand: the ticker."""

    def fire(
        self, name: str, account_ids: Sequence[str], by: str, urgency: Urgency | None = None
    ) -> Run: ...


class VaultChanging(OrderWishes, RaiseWishes, BookWishes, RuleWishes):
    """`console.service_port.Changing` over the vault."""

    def __init__(
        self,
        *,
        vault: Writer,
        clock: Clock,
        intake: Intake,
        triggers: Triggers,
        venues: Sequence[str],
        limits: RiskLimits,
        day: TradingDay,
        go_on: Callable[[UUID], None] = lambda _run_id: None,
        wake: Callable[[], None] = lambda: None,
        setting: Setting = lambda _kill: nullcontext(),
        use_rules: UseRules = lambda _rules: None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """`go_on` walks a run further, `wake` tells the gateway that the outbox grew.

        A halt is committed inside `setting`, during which the gateway sends no order.

        `look` has the portfolios looked at soon; a service that starts looks by itself.

        `venues` are those there are: a halt of any other would halt nothing. `limits` hold for
        changes of orders too. `day` is how times of day of an order by hand are read.
        """
        OrderWishes.__init__(self, vault, clock, wake, limits)
        RaiseWishes.__init__(self, vault, clock, wake, limits)
        BookWishes.__init__(self, vault, clock)
        RuleWishes.__init__(self, vault, clock, use_rules)
        self._vault, self._clock, self._intake = vault, clock, intake
        self._triggers, self._go_on, self._wake = triggers, go_on, wake
        self._venues, self._look, self._setting = venues, look, setting
        self._day = day

    def trigger(
        self, name: str, account_ids: Sequence[str], by: str, urgency: Urgency | None = None
    ) -> Run:
        """Start a run now, of some accounts or all; without an urgency the trigger's own."""
        if account_ids:
            self._require_accounts(account_ids)
        return self._triggers.fire(name, account_ids, by, urgency)

    def new_order(self, order: HandOrder, by: str, why: str) -> Run:
        """A person's own order becomes a run; raises `HandOrderRefusedError` with every reason."""
        house = House(venues=frozenset(self._venues), limits=self._limits, day=self._day)
        run = enter(self._vault, order, house, by=by, why=why, at=self._clock.now())
        self._go_on(run.run_id)
        return run

    def approve(
        self, run: str, by: str, why: str, overrides: Sequence[OverrideRequest]
    ) -> Approval:
        """A second person's yes; the run goes on."""
        wanted = {(o.rule_id, o.account_id): Override(by, o.why, o.until) for o in overrides}
        if len(wanted) != len(overrides):
            raise BadInputError("the same breach is overridden twice; say each once")
        with self._vault.write() as uow:
            found = find_run(uow.runs.recent(RECENT_RUNS), run)
            approval = decisions.approve(
                uow, found, by=by, why=why, overrides=wanted, at=self._clock.now()
            )
        self._go_on(found.run_id)
        return approval

    def reject(self, run: str, by: str, why: str) -> Approval:
        """A second person's no; the run ends."""
        with self._vault.write() as uow:
            found = find_run(uow.runs.recent(RECENT_RUNS), run)
            return decisions.reject(uow, found, by=by, why=why, at=self._clock.now())

    def retry(self, run: str, by: str) -> Run:
        """A failed run goes on from where it failed."""
        with self._vault.write() as uow:
            found = find_run(uow.runs.recent(RECENT_RUNS), run)
            again = decisions.retry(uow, found, by=by, at=self._clock.now())
        self._go_on(again.run_id)
        return again

    def close_case(self, case_id: str, by: str, why: str) -> Case:
        """A person's end of a case: filed, or nobody asks any more."""
        now = self._clock.now()
        with self._vault.write() as uow:
            history = uow.cases.history(case_id)
            if not history:
                raise unknown_case(case_id)
            step = close(history[-1].step.case, by=by, why=why, day=now.date())
            record(uow, (step,), now, by=by)
        return step.case

    def halt(self, scope: str, name: str, by: str, why: str) -> Kill:
        """Stop new orders, and take back those that are out; see `oms.halt`."""
        _require_scope(scope, name)
        self._require_target(scope, name)
        kill = Kill(scope=scope, name=name, by=by, why=why, set_at=self._clock.now())
        halt(self._vault, kill, wake=self._wake, setting=self._setting)
        return kill

    def resume(self, scope: str, name: str, by: str, why: str) -> bool:
        """Lift a halt by another person than the one who set it; False when none was set."""
        _require_scope(scope, name)
        now = self._clock.now()
        with self._vault.write() as uow:
            standing = [k for k in uow.kills.active() if (k.scope, k.name) == (scope, name)]
            if any(is_same_person(kill.by, by) for kill in standing):
                raise BadInputError(f"{by} set this halt and cannot lift it: ask a second person")
            lifted = uow.kills.lift(scope, name, by, now)
            if lifted:
                subject = f"{scope} {name}".strip()
                uow.audit.append(
                    at=now, actor=by, kind="halt_lifted", subject=subject, body={"why": why}
                )
        self._wake()
        return lifted

    def ingest(self, paths: Sequence[Path], by: str, *, replace: bool) -> tuple[IngestLine, ...]:
        """Take files in, then open the accounts that they tell of for the first time."""
        now = self._clock.now()
        with self._vault.write() as uow:
            report = self._intake.ingest(uow, paths, at=now, replace=replace)
            said = take_over(uow, now.date(), now).said
            if any(f.fate is Fate.ACCEPTED for f in report.files):
                take_back(uow, uow.snapshots.bars(now), at=now, by=by)
            uow.audit.append(
                at=now,
                actor=by,
                kind="files_ingested",
                subject=now.date().isoformat(),
                body=[{"file": f.file, "fate": f.fate, "rows": f.rows} for f in report.files],
            )
        self._wake()
        self._look()
        return _with_notes(tuple(_lines(report)), said)

    def reconcile(self, path: Path) -> tuple[Break, ...]:
        """Compare a venue's or a custodian's end-of-day file with the ledger; store the breaks."""
        if not path.is_file():
            raise MissingError(f"there is no file {path}; nothing was compared")
        now = self._clock.now()
        is_of_venue = self._intake.is_of_venue(path)
        with self._vault.write() as uow:
            breaks = (
                self._against_venue(uow, path) if is_of_venue else self._against_custody(uow, path)
            )
            uow.findings.add_breaks(None, breaks, now)
            uow.audit.append(
                at=now,
                actor="ledger",
                kind="file_reconciled",
                subject=path.name,
                body={"witness": "venue" if is_of_venue else "custodian", "breaks": breaks},
            )
        return breaks

    def _against_venue(self, uow: SqlUnitOfWork, path: Path) -> tuple[Break, ...]:
        file = self._intake.venue(path)
        _refuse(path, file.problems)
        days: set[date] = {row.trade_date for row in file.executions}
        if not days:
            days = {self._clock.now().date()}
        transactions = uow.ledger.all()
        return tuple(
            found
            for day in sorted(days)
            for found in reconcile.ledger_against_venue(
                transactions,
                [row for row in file.executions if row.trade_date == day],
                file.venue,
                day,
            )
        )

    def _against_custody(self, uow: SqlUnitOfWork, path: Path) -> tuple[Break, ...]:
        """On the file's own day: what we booked since is not the custodian's mistake."""
        file = self._intake.custody(uow, path)
        _refuse(path, file.problems)
        days = {position.as_of for position in file.positions}
        known = uow.ledger.all()
        breaks: list[Break] = []
        for day in sorted(days):
            until = [t for t in known if t.trade_date <= day]
            told = [position for position in file.positions if position.as_of == day]
            breaks += reconcile_positions.ledger_against_custody(balances(until), lots(until), told)
        return tuple(breaks)

    def _require_target(self, scope: str, name: str) -> None:
        """Refuse a halt that would stop nothing: a misspelt one looks like safety."""
        if scope == Scope.VENUE and name not in self._venues:
            known = ", ".join(sorted(self._venues))
            raise UnknownNameError(f"no venue {name!r}, so nothing is halted; known: {known}")
        if scope == Scope.ACCOUNT and not self._is_account(name):
            raise UnknownNameError(
                f"no account {name!r}, so nothing is halted; `trimtab positions` lists them"
            )
        if scope == Scope.STRATEGY:
            self._require_strategy(name)

    def _require_strategy(self, name: str) -> None:
        with self._vault.read() as view:
            accounts = view.snapshots.accounts(self._clock.now().date())
            at_work = [part for one in view.orders.open() for part in one.intent.allocations]
        models = {account.model_id for account in accounts}
        if name not in models | {part.strategy for part in at_work}:
            raise UnknownNameError(
                f"no strategy {name!r}, so nothing is halted; a strategy is the model of an "
                f"account, and there are {', '.join(sorted(models)) or 'none'}"
            )

    def _is_account(self, name: str) -> bool:
        with self._vault.read() as view:
            if any(book == f"client:{name}" for book, _ in view.ledger.balances()):
                return True
            known = view.snapshots.accounts(self._clock.now().date())
        return any(account.account_id == name for account in known)

    def _require_accounts(self, account_ids: Sequence[str]) -> None:
        with self._vault.read() as view:
            books = {book for book, _ in view.ledger.balances()}
        unknown = [a for a in account_ids if f"client:{a}" not in books]
        if unknown:
            raise UnknownNameError(
                f"no account {unknown[0]!r} in the ledger; `trimtab positions` lists them all"
            )


def _require_scope(scope: str, name: str) -> None:
    if scope not in tuple(Scope):
        raise UnknownNameError(f"{scope!r} is no scope of a halt; use {', '.join(Scope)}")
    if (scope == Scope.FIRM) == bool(name):
        need = "takes no name" if scope == Scope.FIRM else f"needs the name of the {scope}"
        raise UnknownNameError(f"a halt of {scope} {need}")


def _refuse(path: Path, problems: Sequence[Problem]) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BadInputError(f"{path.name} is refused whole: {problems[0]}{more}")


def _lines(report: IngestReport) -> Iterator[IngestLine]:
    for file in report.files:
        yield IngestLine(
            file=file.file,
            outcome=file.fate.value,
            rows=file.rows,
            problems=tuple(
                IngestProblem(
                    line=problem.line,
                    field=problem.field,
                    value=problem.value,
                    message=f"{problem.reason}; {problem.remedy}",
                )
                for problem in file.problems
            ),
        )


def _with_notes(lines: tuple[IngestLine, ...], said: Sequence[Said]) -> tuple[IngestLine, ...]:
    """Each sentence with its file, which may have been read before."""
    notes: dict[str, tuple[str, ...]] = {}
    for one in said:
        notes[one.source.file] = (*notes.get(one.source.file, ()), f"{one.source}: {one.words}")
    read = tuple(replace(line, notes=notes.pop(line.file, ())) for line in lines)
    earlier = (
        IngestLine(file=file, outcome=Fate.UNCHANGED.value, rows=0, notes=words)
        for file, words in notes.items()
    )
    return (*read, *earlier)
