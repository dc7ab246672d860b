"""The optimizer's worker processes: heavy work is kept away from the FIX engine.

Households stay together, the market is shipped once a batch, and the answer does not
depend on the number of workers, unless time runs out. When a worker dies its batch is
tried once more on a new one, one household at a time, so that only what kills a worker
is reported as FAILED.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from math import inf
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from domain.compliance import CheckResult
from domain.proposals import AccountProposal, Outcome
from domain.snapshot import Snapshot
from oms.compliance.rules import Rule
from scheduler import work
from scheduler.cluster import Cluster
from scheduler.parts import Answered, Nothing
from scheduler.workers import WorkerDiedError, Workers

P = ParamSpec("P")
T = TypeVar("T")
Batch = tuple[work.Household, ...]
Job = Callable[[bytes, Sequence[work.Household]], tuple[AccountProposal, ...]]
BATCHES_PER_WORKER = 4  # Small enough to show progress, large enough to ship the market rarely.
LARGEST_BATCH = 1000  # Accounts.


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What optimising may take, in seconds."""

    account: float = inf
    run: float = inf


NO_LIMIT = Times()
NOTHING = Nothing()


class OptimizerPool:
    """A pool of spawned workers. Close it, or use it as a context."""

    def __init__(
        self,
        workers: int | Cluster,
        *,
        times: Times = NO_LIMIT,
        rules: Sequence[Rule] = (),
        job: Job | None = None,
    ) -> None:
        """So many processes of this machine, or a cluster's.

        Proposals keep `rules` where they are linear.
        `job` answers a batch in a worker; a test may bring one that dies.
        """
        self._times, self._job = times, job
        self._rules = tuple(rules)
        self._workers: Workers | Cluster
        if isinstance(workers, int):
            assert workers >= 1
            self._workers = Workers(workers, work.begin)
        else:
            self._workers = workers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def warm_up(self) -> None:
        """Let every worker import its libraries now; returns at once."""
        for _ in range(self._workers.count):
            self._workers.submit(work.warm_up)

    def use_rules(self, rules: Sequence[Rule]) -> None:
        """Keep these from the next proposal on."""
        self._rules = tuple(rules)

    def close(self) -> None:
        """Stop the workers; what has not begun is dropped."""
        self._workers.close()

    def optimise(
        self,
        snapshot: Snapshot,
        account_ids: Sequence[str] = (),
        progress: Callable[[int, int], None] = lambda _done, _of: None,
        answered: Answered = NOTHING,
    ) -> tuple[AccountProposal, ...]:
        """Proposals of `account_ids` (empty: all that are not in quarantine), by account id.

        `progress(done, of)` counts accounts and is called in this thread, as is `answered`: what
        it has is not computed again. Raises `UnknownNameError` for an unknown account.
        """
        clock = self._workers.clock
        ends = clock() + self._times.run
        prepared = self._on_a_worker(work.prepare, snapshot, tuple(account_ids), self._rules)
        job = self._job or partial(
            work.optimise, clock=clock, ends=ends, seconds_per_account=self._times.account
        )
        total = sum(len(household.account_ids) for household in prepared.households)
        before = answered.before(",".join(sorted(rule.version for rule in self._rules)))
        answers, left = _told_apart(prepared.households, before)
        progress(len(answers), total)

        def take(found: Sequence[AccountProposal]) -> None:
            answers.extend(found)
            answered.keep(found)
            progress(len(answers), total)

        batches = _batches(left, self._workers.count)
        for batch in self._run(job, prepared.market, batches, take):
            for household in batch:
                for lost in self._run(job, prepared.market, [(household,)], take):
                    take([_failed(account_id) for one in lost for account_id in one.account_ids])
        return tuple(sorted(answers, key=lambda proposal: proposal.account_id))

    def tracking_errors(self, snapshot: Snapshot) -> dict[str, Decimal]:
        """Annualised tracking error by account, of what the snapshot says is held."""
        return self._on_a_worker(work.tracking_errors, snapshot)

    def check_portfolios(
        self,
        rules: Sequence[Rule],
        snapshot: Snapshot,
        at: datetime,
        wanted: Collection[tuple[str, str]] = (),
    ) -> tuple[CheckResult, ...]:
        """What rules say of whole portfolios: every answer but a pass, and those `wanted`."""
        task = work.check_portfolios
        return self._on_a_worker(task, tuple(rules), snapshot, at, frozenset(wanted))

    def _on_a_worker(self, task: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """The task's answer; one whose worker died is tried once more."""
        try:
            return self._workers.submit(task, *given, **named).result()
        except WorkerDiedError:
            return self._workers.submit(task, *given, **named).result()

    def _run(
        self,
        job: Job,
        market: bytes,
        batches: Sequence[Batch],
        take: Callable[[Sequence[AccountProposal]], None],
    ) -> list[Batch]:
        """Answer the batches; returns those that a dying worker took with it."""
        futures = {self._workers.submit(job, market, batch): batch for batch in batches}
        lost: list[Batch] = []
        for future in as_completed(futures):
            try:
                found = future.result()
            except WorkerDiedError:
                lost.append(futures[future])
            else:
                take(found)
        return lost


def _told_apart(
    households: Sequence[work.Household], before: Sequence[AccountProposal]
) -> tuple[list[AccountProposal], list[work.Household]]:
    """The answers to households that were answered whole, and the households that were not."""
    known = {answer.account_id: answer for answer in before}
    answers: list[AccountProposal] = []
    left: list[work.Household] = []
    for household in households:
        if known.keys() >= set(household.account_ids):
            answers += [known[account_id] for account_id in household.account_ids]
        else:
            left.append(household)
    return answers, left


def _batches(households: Sequence[work.Household], workers: int) -> list[Batch]:
    """Households in order, cut so that every worker gets a few batches."""
    total = sum(len(household.account_ids) for household in households)
    size = min(LARGEST_BATCH, max(1, -(-total // (workers * BATCHES_PER_WORKER))))
    batches: list[Batch] = []
    current: list[work.Household] = []
    for household in households:
        current.append(household)
        if sum(len(one.account_ids) for one in current) >= size:
            batches.append(tuple(current))
            current = []
    return [*batches, tuple(current)] if current else batches


def _failed(account_id: str) -> AccountProposal:
    zero = Decimal(0)
    return AccountProposal(
        account_id=account_id,
        outcome=Outcome.FAILED,
        message=f"account {account_id}: the worker process died twice while it computed",
        net_asset_value=zero,
        tracking_error_before=zero,
        tracking_error_after=zero,
        turnover=zero,
        expected_cost=zero,
        expected_tax=zero,
        cash_before=zero,
        cash_after=zero,
    )
